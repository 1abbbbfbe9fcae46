-- A copy of a database sends nothing: what is still in its queue is the original's to send.
UPDATE message_delivery SET state = 'cancelled', next_attempt = NULL, settled = false
 WHERE state IN ('queued', 'deferred', 'claimed', 'sending');
-- The passwords of the outgoing mail servers (message_history wipes whatever else logs in, by its name).
UPDATE ir_mail_server SET smtp_pass = NULL;

-- The passwords of the mail servers do not belong into a copy (message_history wipes whatever else logs in, by its name).
UPDATE fetchmail_server SET password = NULL, active = false, state = 'draft';

-- A copy of a database neither fetches nor sends: its channels wait until somebody confirms them.
UPDATE message_channel SET paused = true;
-- what a test mail on its way is known by
UPDATE message_channel SET authserv_token = NULL;
-- passwords that somebody typed and did not use yet
UPDATE message_setup SET password = NULL, password_places = NULL;
-- Whatever the mail servers log in with. Core leaves it where it is; Gmail, Outlook and others have columns of
-- their own, which may be there or not, so they are found by their names.
DO $$
DECLARE
    secret record;
BEGIN
    FOR secret IN SELECT table_name, column_name, is_nullable FROM information_schema.columns
                   WHERE table_schema = current_schema() AND table_name IN ('ir_mail_server', 'fetchmail_server')
                     AND column_name ~ '(pass|secret|token|private_key|credential|api_key)'
                     AND data_type <> 'boolean'
    LOOP
        EXECUTE format(CASE secret.is_nullable WHEN 'YES' THEN 'UPDATE %I SET %I = NULL' ELSE 'UPDATE %I SET %I = ''''' END,
                       secret.table_name, secret.column_name);
    END LOOP;
END $$;
-- What nobody may read on the original either: passwords, sign-in codes and invitations on their way out. (Large ones
-- are files, which the daily clean-up removes once no row names them.)
DELETE FROM ir_attachment WHERE res_model = 'message.history' AND res_id IN (SELECT id FROM message_history WHERE private);
DELETE FROM message_variant WHERE history_id IN (SELECT id FROM message_history WHERE private);
DELETE FROM message_raw WHERE history_id IN (SELECT id FROM message_history WHERE private);
UPDATE message_history SET preview = NULL, body_text = NULL WHERE private;
UPDATE mail_message SET body = NULL
  FROM mail_mail
 WHERE mail_mail.mail_message_id = mail_message.id AND mail_message.res_id IS NULL
   AND mail_mail.auto_delete AND mail_mail.is_notification IS NOT TRUE;
UPDATE mail_mail SET body_html = NULL WHERE auto_delete AND is_notification IS NOT TRUE;
-- what waits for a transaction to be over is the original's to send
DELETE FROM message_parked;
DELETE FROM message_parked_ticket;

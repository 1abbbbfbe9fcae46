-- The passwords of the mail servers, and whatever they log in with, do not belong into a copy.
UPDATE fetchmail_server SET password = NULL, active = false, state = 'draft';
-- Tokens are columns of other addons (Gmail, Outlook), which may be there or not.
DO $$
DECLARE
    token text;
BEGIN
    FOR token IN SELECT column_name FROM information_schema.columns
                  WHERE table_schema = current_schema() AND table_name = 'fetchmail_server'
                    AND right(column_name, 6) = '_token'
    LOOP
        EXECUTE format('UPDATE fetchmail_server SET %I = NULL', token);
    END LOOP;
END $$;

-- The passwords of the mail servers, and whatever they log in with, do not belong into a copy.
UPDATE fetchmail_server SET password = NULL, active = false, state = 'draft';

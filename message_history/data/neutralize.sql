-- A copy of a database neither fetches nor sends: its channels wait until somebody confirms them.
UPDATE message_channel SET paused = true;
-- what a test mail on its way is known by
UPDATE message_channel SET authserv_token = NULL;
-- passwords that somebody typed and did not use yet
UPDATE message_setup SET password = NULL;

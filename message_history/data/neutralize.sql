-- A copy of a database neither fetches nor sends: its channels wait until somebody confirms them.
UPDATE message_channel SET paused = true;
-- passwords that somebody typed and did not use yet
UPDATE message_setup SET password = NULL;

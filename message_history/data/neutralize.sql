-- A copy of a database neither fetches nor sends: its channels wait until somebody confirms them.
UPDATE message_channel SET paused = true;

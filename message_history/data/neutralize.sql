-- A copy of a database neither fetches nor sends: its channels wait until somebody confirms them.
UPDATE message_channel SET paused = true;
-- passwords that somebody typed and did not use yet
UPDATE message_setup SET password = NULL;
-- what waits for a transaction to be over is the original's to send
DELETE FROM message_parked;
DELETE FROM message_parked_ticket;

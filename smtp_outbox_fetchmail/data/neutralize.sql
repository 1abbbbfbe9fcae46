-- What the original still owes its Sent folders is not for a copy of the database to put there.
UPDATE message_history SET sent_copy = NULL, sent_copy_next = NULL WHERE sent_copy = 'wanted';

"""What builds mails for the outbox."""

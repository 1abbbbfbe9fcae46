"""The least that fetching can cost: a chunked UID FETCH and one STORE per chunk, nothing kept."""

from __future__ import annotations

import imaplib
import time

CHUNK = 50


def fetch_and_flag(port: int, user: str, password: str) -> float:
    """Fetch every unseen mail of INBOX and mark it as seen; the seconds from connect to logout."""
    started = time.monotonic()
    connection = imaplib.IMAP4("127.0.0.1", port)
    connection.login(user, password)
    connection.select("INBOX")
    uids = connection.uid("SEARCH", "UNSEEN")[1][0].split()
    for start in range(0, len(uids), CHUNK):
        chunk = b",".join(uids[start : start + CHUNK]).decode()
        answers = connection.uid("FETCH", chunk, "(BODY.PEEK[])")[1]
        bodies = [answer[1] for answer in answers if isinstance(answer, tuple)]
        assert len(bodies) == len(uids[start : start + CHUNK])
        connection.uid("STORE", chunk, "+FLAGS.SILENT", "(\\Seen)")
    connection.logout()
    return time.monotonic() - started

"""From what a server said about a delivery to what is noted about it."""

import random
from datetime import timedelta

from odoo.addons.message_history.lib.errors import ChannelError
from odoo.addons.message_history.tools.journal import Claimed, Outcome, now

from ..lib.replies import is_too_many_recipients
from ..lib.schedule import next_delay
from ..lib.wire import AnswerLost

_random = random.SystemRandom()


def accepted(row: Claimed, reply: str) -> Outcome:
    """The next server has it."""
    return Outcome(row.id, "accepted", server_reply=reply[:500], provider_id=None)


def sending(row: Claimed) -> Outcome:
    """It goes out now."""
    return Outcome(row.id, "sending")


def untried(row: Claimed) -> Outcome:
    """The claim is given back: nothing was tried, or nothing that says anything about this delivery."""
    return Outcome(row.id, "queued")


def failed(row: Claimed, error: ChannelError, *, resend: bool = False, most: int = 0) -> Outcome:
    """Return what an error means for a delivery: another attempt, or the end of it.

    :param resend: what is in doubt is to be sent again
    :param most: most attempts; 0: until the delivery expires
    """
    said = (error.server_reply or error.reason)[:500]
    if isinstance(error, AnswerLost) and not resend:
        return Outcome(row.id, "in_doubt", failure_type="in_doubt", server_reply=said)
    if not error.retryable:
        state = "refused" if error.failure_type == "recipient" else "failed"
        return Outcome(row.id, state, failure_type=error.failure_type, server_reply=said)
    delay = next_delay(row.attempts + 1, error.retry_after, _random)
    if is_too_many_recipients(error):
        delay = 0.0
    moment = now() + timedelta(seconds=delay)
    if (most and row.attempts + 1 >= most) or (row.expires and moment > row.expires):
        return Outcome(row.id, "failed", failure_type="expired", server_reply=said)
    return Outcome(row.id, "deferred", next_attempt=moment, failure_type=error.failure_type, server_reply=said)

"""What an automatic answer is given while its action runs.

It travels in the context, where keys of a client arrive as well: only an object of this class counts,
which no client can send.
"""

from dataclasses import dataclass

KEY = "message_gateway_answer"


@dataclass(frozen=True)
class Answer:
    """Whom the answer goes to, and what marks it as automatic (RFC 3834).

    :param email_to: the one address it goes to
    :param headers: further headers
    """

    email_to: str
    headers: dict


def current_answer(env):
    """Return the :class:`Answer` that is being given, None if none is."""
    answer = env.context.get(KEY)
    return answer if isinstance(answer, Answer) else None

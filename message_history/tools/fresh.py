"""What need not be asked about a document that was made a moment ago.

A document that ``message_new`` made within the present batch has the chatter messages and the
followers that it got since, all of them through the ORM, and no others. Where it got none, core's
questions for them are answered here. Kept as the shared look-ups are, see ``memo``: gone with the
transaction, and with any savepoint that fails.
"""

from .memo import forget, is_active, memo

_NAME = "message_gateway_fresh"


def note_made(record):
    """Note that a document was made in this transaction."""
    if is_active(record.env):
        memo(record.env, _NAME).setdefault("made", set()).add((record._name, record.id))


def note_unfollowed(env, places):
    """Note documents, whenever made, that nobody follows yet.

    :param places: pairs (model, id)
    """
    memo(env, _NAME).setdefault("unfollowed", set()).update(places)


def note_given(env, kind, places):
    """Note that documents were given something of a kind (``messages`` or ``followers``).

    :param places: pairs (model, id)
    """
    # whatever the context of the code that gives it
    memo(env, _NAME).setdefault(kind, set()).update(places)


def was_made(env, model, res_id):
    """Whether a document was made in this transaction."""
    return (model, res_id) in memo(env, _NAME).get("made", ())


def has_none(record, kind):
    """Whether a document is known to have nothing of a kind."""
    if len(record) != 1 or not is_active(record.env):
        return False
    place, known = (record._name, record.id), memo(record.env, _NAME)
    begins_bare = place in known.get("made", ()) or (kind == "followers" and place in known.get("unfollowed", ()))
    return begins_bare and place not in known.get(kind, ())


def forget_all(env):
    """Forget which documents were made."""
    forget(env, _NAME)

"""Look-ups shared over one batch of messages.

Core asks the same things for every mail: which alias domains there are, whether a sender bounced,
who has an address. Within the gateway's own context (``message_gateway``) the answers are kept in
``env.cr.cache``, which Odoo empties on commit, rollback and a failed savepoint; a write to a model
empties what was kept of it. Outside that context nothing changes.
"""

_KEY = "message_gateway_memo"


def is_active(env):
    """Whether look-ups may be shared: inside a batch, and as superuser, so that rules don't matter."""
    return env.su and bool(env.context.get("message_gateway"))


def memo(env, name):
    """Return the dictionary of shared answers about ``name``, of this transaction."""
    return env.cr.cache.setdefault(_KEY, {}).setdefault(name, {})


def forget(env, name):
    """Forget the shared answers about ``name``."""
    env.cr.cache.get(_KEY, {}).pop(name, None)

"""A client's context is a client's input: ``default_*`` in it would give a superuser's ``create`` any value."""

#: What of a context says how somebody works, and nothing else.
_KEPT = ("lang", "tz", "allowed_company_ids")


def without_client_context(records):
    """Return records or a model whose context has nothing that a client could steer our own code by."""
    kept = {key: value for key, value in records.env.context.items() if key in _KEPT}
    return records.with_env(records.env(context=kept))

"""What a client may write on a record of settings: a list of what is allowed, not of what is forbidden."""

from odoo.exceptions import AccessError

_PREFIX = "default_"


def _is_free(env):
    return env.su or env.user.has_group("base.group_system")


def check_client_fields(records, vals_list, allowed):
    """Refuse fields that are ours to write, or a system administrator's.

    :param records: the model or records that are written
    :param vals_list: the values of each
    :param allowed: names of the fields that anybody with the right to write may write
    :raise AccessError: names the fields that are not in the list
    """
    refused = {name for vals in vals_list for name in vals} - set(allowed)
    if refused and not _is_free(records.env):
        names = [records._fields[name]._description_string(records.env) if name in records._fields else name
                 for name in sorted(refused)]
        raise AccessError(records.env._("Only administrators may set this: %(fields)s.", fields=", ".join(names)))


def without_users_defaults(records, given, filled, allowed):
    """Return values for a new record without those that users made a default (``ir.default``) of other fields.

    Everybody may keep defaults of his own, of any field: they are a client's input like those of a context.

    :param given: the values before the defaults
    :param filled: with them
    :param allowed: names of the fields that a client may write
    """
    if _is_free(records.env):
        return filled
    kept = records.env["ir.default"]._get_model_defaults(records._name)
    for name in (kept.keys() & filled.keys()) - given.keys() - set(allowed):
        default = records._fields[name].default
        if default:
            filled[name] = default(records)
        else:
            del filled[name]
    return filled


def without_other_defaults(records, allowed):
    """Return a model without the defaults for other fields that a client put into the context."""
    if _is_free(records.env):
        return records
    context = {key: value for key, value in records.env.context.items()
               if not key.startswith(_PREFIX) or key.removeprefix(_PREFIX) in allowed}
    return records.with_env(records.env(context=context))

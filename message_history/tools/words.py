"""Words that are stored where no user is at hand to say in which language."""


def words(env):
    """Return ``env._`` for texts that people will read on a message or channel.

    Background work has no language: the main company's is taken, which is that of its clerks.
    """
    lang = env.lang or env.ref("base.main_company").sudo().partner_id.lang
    return env(context={**env.context, "lang": lang})._ if lang != env.lang else env._

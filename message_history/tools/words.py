"""Words that are stored where no user is at hand to say in which language."""

import re

import psycopg2

#: What Odoo's errors add for programmers.
_FOR_PROGRAMMERS = re.compile(
    r"(?<!\s)\s*\((?:Record|Document type|Operation|User|Field)s?:[^()]*(?:\([^()]*\)[^()]*){0,5}\)")


def words(env):
    """Return ``env._`` for texts that people will read on a message or channel."""
    return speaking(env)._


def speaking(env):
    """Return an environment with a language for texts that are stored.

    Background work has no language: the main company's is taken, which is that of its clerks.
    """
    lang = env.lang or _main_company(env).sudo().partner_id.lang
    return env(context={**env.context, "lang": lang}) if lang != env.lang else env


def _main_company(env):
    # env.ref asks the database each time whether it is still there, and this runs for every message
    company_id = env["ir.model.data"]._xmlid_to_res_id("base.main_company", raise_if_not_found=True)
    return env["res.company"].browse(company_id)


def plain_words(error, length=300):
    """Return what an error says to people, on one line: without records, columns and tracebacks."""
    said = str(error)
    if isinstance(error, psycopg2.Error) and error.diag.message_primary:
        said = error.diag.message_primary
    said = _FOR_PROGRAMMERS.sub("", said[:2000].replace("\x00", ""))
    return " ".join(said.split())[:length] or type(error).__name__

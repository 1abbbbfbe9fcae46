"""The key that secrets are sealed with, from where the administrator put it."""

import os

from odoo.tools import config

from ..lib.sealing import seal, unseal


def _key():
    return os.environ.get("ODOO_GATEWAY_SECRET_KEY") or config.get("gateway_secret_key") or ""


def seal_secret(secret):
    """Return a secret as it is to be stored."""
    return seal(secret, _key()) if secret else secret


def unseal_secret(stored):
    """Return a stored secret as it is to be used.

    :raise ConfigurationError: when the key is missing or another one
    """
    return unseal(stored, _key()) if stored else ""

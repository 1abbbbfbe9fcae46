"""Secrets at rest: sealed with a key that is not in the database.

With ``gateway_secret_key`` in Odoo's configuration file (or ``ODOO_GATEWAY_SECRET_KEY`` in the
environment) passwords are stored sealed, so that a dump of the database alone reveals none.
Without a key they are stored as they are, as Odoo does.
"""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken

from .errors import ConfigurationError

PREFIX = "sealed:"


def seal(secret: str, key: str) -> str:
    """Return the secret sealed with the key; unchanged without a key or when sealed already."""
    if not key or not secret or secret.startswith(PREFIX):
        return secret
    return PREFIX + _fernet(key).encrypt(secret.encode()).decode()


def unseal(stored: str, key: str) -> str:
    """Return the secret as it was before :func:`seal`.

    :raise ConfigurationError: when it was sealed with another key, or there is none
    """
    if not stored.startswith(PREFIX):
        return stored
    if not key:
        raise ConfigurationError(
            "The password is sealed, but gateway_secret_key is not configured.", field="password")
    try:
        return _fernet(key).decrypt(stored[len(PREFIX):].encode()).decode()
    except InvalidToken as error:
        raise ConfigurationError(
            "The password was sealed with another gateway_secret_key; enter it anew.", field="password") from error


def _fernet(key: str) -> Fernet:
    """Make Fernet's 32-byte key of whatever the administrator chose."""
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()))

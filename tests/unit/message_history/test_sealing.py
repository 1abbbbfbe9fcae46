import pytest
from odoo.addons.message_history.lib.errors import ConfigurationError
from odoo.addons.message_history.lib.sealing import PREFIX, seal, unseal


@pytest.mark.parametrize("secret", ["geheim", "pässwörd ✓", "x" * 500])
def test_round_trip(secret):
    stored = seal(secret, "key")
    assert stored.startswith(PREFIX)
    assert secret not in stored
    assert unseal(stored, "key") == secret


def test_without_a_key_it_is_stored_as_it_is():
    assert seal("geheim", "") == "geheim"
    assert unseal("geheim", "") == "geheim"
    assert unseal("geheim", "key") == "geheim"


def test_sealing_twice_seals_once():
    stored = seal("geheim", "key")
    assert seal(stored, "key") == stored


def test_two_sealings_differ():
    assert seal("geheim", "key") != seal("geheim", "key")


@pytest.mark.parametrize("key", ["", "another"])
def test_a_missing_or_wrong_key_is_said_and_names_the_field(key):
    with pytest.raises(ConfigurationError) as raised:
        unseal(seal("geheim", "key"), key)
    assert raised.value.field == "password"
    assert not raised.value.retryable
    assert "geheim" not in str(raised.value)


def test_an_empty_secret_stays_empty():
    assert seal("", "key") == ""
    assert unseal("", "key") == ""

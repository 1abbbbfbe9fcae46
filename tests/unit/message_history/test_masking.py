"""What was said at a login is taken out of what the server answers."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odoo.addons.message_history.lib.masking import HIDDEN, as_said, mask


@pytest.mark.parametrize("answer", [
    "BAD unknown command: LOGIN ann {password}", 'NO [X] LOGIN "ann" "{quoted}" refused', "-ERR PASS {password}",
    "535 5.7.8 {plain} is not valid", "535 {login}", "{password}{password}",
])
@pytest.mark.parametrize("password", ["topsecret", 'quo"te\\', "pässwörd €", "two words"])
def test_no_form_of_the_password_is_left(answer, password):
    said = as_said("ann", password)
    text = answer.format(password=password, quoted=said[1], login=said[2], plain=said[3])
    found = mask(text, said)
    assert HIDDEN in found
    for form in said:
        assert form not in found


def test_ordinary_words_stay():
    assert mask("530 no login for ann", as_said("ann", "no")) == "530 no login for ann"
    assert mask("anything", []) == "anything"
    assert as_said("ann", "") == []


@given(st.text(), st.text(min_size=4))
def test_for_every_text(text, password):
    assert password not in mask(text + password + text, [password]) or password in HIDDEN or HIDDEN in password


def test_plain_is_as_the_protocol_codes_it():
    assert base64.b64decode(as_said("ann", "topsecret")[3]) == b"\0ann\0topsecret"

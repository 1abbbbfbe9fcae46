import logging
from dataclasses import dataclass, field
from typing import Any

from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import email_normalize, email_normalize_all, formataddr
from odoo.tools.mail import email_split_tuples

_logger = logging.getLogger(__name__)

#: What a party may be.
_MODELS = ("res.partner", "res.users", "res.groups")


@dataclass
class Receivers:
    """Who gets a message, and what is to be said about those who don't.

    :param words: the party, as the request shows it
    """

    words: str
    partners: Any
    addresses: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def __bool__(self):
        return bool(self.partners or self.addresses)


class MessageRequestParty(models.AbstractModel):
    """Who writes a request, and who gets it."""

    _name = "message.request.party"
    _description = "Mail Request: Parties"

    # A party ----------------------------------------------------------------------------------

    def _get_party(self, party):
        """Return a party as a record that the caller may read, or as an address.

        :raise UserError: when there is no such party
        """
        if isinstance(party, str) and "@" in party:
            return self._get_address(party)
        record = party if isinstance(party, models.BaseModel) else self._find_record(party)
        if record is None or record._name not in _MODELS or len(record) != 1 or not record.sudo().exists() or (
                not record.has_access("read")):
            raise UserError(self.env._("There is no such contact, user or group: %(party)s", party=party))
        return record.with_env(self.env)

    def _get_address(self, text):
        """Return a single address, with its name if it has one, on one line.

        :raise UserError: when it is none, or more than one
        """
        pairs = email_split_tuples(one_line(text))
        address = email_normalize(pairs[0][1]) if len(pairs) == 1 else False
        if not address:
            raise UserError(self.env._("“%(party)s” is no e-mail address.", party=text))
        return formataddr((pairs[0][0], address))

    def _find_record(self, party):
        """Return the record that a reference means, None if it means none."""
        if isinstance(party, dict):
            return self._browse_party(party.get("model"), party.get("id"))
        if not isinstance(party, str):
            return None
        if "," in party:
            return self._browse_party(*party.split(",", 1))
        try:
            return self.env.ref(party, raise_if_not_found=False)
        except ValueError:  # without a dot
            return None

    def _browse_party(self, model, record_id):
        record_id = self._check_id(record_id)
        return self.env[model].browse(record_id) if model in _MODELS and record_id else None

    @api.model
    def _check_id(self, number):
        """Return a number that may be the id of a record, else None."""
        text = str(number).strip()
        usable = text.isascii() and text.isdigit() and len(text) <= len(str(2**31)) and 0 < int(text) < 2**31
        return int(text) if usable else None

    # Who writes -------------------------------------------------------------------------------

    def _get_sender(self, party_from):
        """Return (partner or empty, formatted address) of who writes; nobody writes in another's name.

        :raise AccessError: when the caller is neither the party nor a manager
        """
        own_sudo = self.env.user.sudo().partner_id
        company_address = self.env.company.sudo().email_formatted
        if not party_from:
            address = own_sudo.email_formatted
            # the account of programs has an address that nobody reads
            return own_sudo, company_address or address if self.env.uid == SUPERUSER_ID else address or company_address
        party = self._get_party(party_from)
        if self._is_own(party):
            return own_sudo, own_sudo.email_formatted or company_address
        if not (self.env.su or self.env.user.has_group("message_history.group_manager")):
            raise AccessError(self.env._("You may only send in your own name."))
        if isinstance(party, str):
            return own_sudo.browse(), party
        partner_sudo = own_sudo.browse() if party._name == "res.groups" else _partner_sudo(party)
        self._check_company_of(partner_sudo)
        address = _group_address(party) if party._name == "res.groups" else partner_sudo.email_formatted
        if not address:
            raise UserError(self.env._("%(name)s has no e-mail address.", name=party.sudo().display_name))
        return partner_sudo, address

    def _check_company_of(self, partner_sudo):
        """Refuse to write in the name of who works in other companies only.

        :raise AccessError: then
        """
        companies_sudo = partner_sudo.with_context(active_test=False).user_ids.company_ids
        if companies_sudo and not self.env.su and not companies_sudo & self.env.user.company_ids:
            raise AccessError(self.env._("You may only send in the name of people of your own companies."))

    def _is_own(self, party):
        """Whether a party is the caller; an address is, too, whatever name stands beside it."""
        own_sudo = self.env.user.sudo().partner_id
        if isinstance(party, str):
            return email_normalize(party) == own_sudo.email_normalized and not self.env.su
        return party._name != "res.groups" and _partner_sudo(party) == own_sudo

    # Who gets it ------------------------------------------------------------------------------

    def _get_receivers(self, party, expand):
        """Return who gets a message that goes to a party, as :class:`Receivers`."""
        nobody_sudo = self.env["res.partner"].sudo()
        if isinstance(party, str):
            return Receivers(party, nobody_sudo, [party])
        receivers = Receivers(party.sudo().display_name, nobody_sudo)
        if party._name != "res.groups":
            self._add_people(receivers, party)
        elif expand:
            self._add_members(receivers, party)
        elif address := _group_address(party):
            receivers.addresses.append(address)
        else:
            receivers.warnings.append(self.env._(
                "The group %(name)s has no e-mail address of its own.", name=receivers.words))
        return receivers

    def _add_members(self, receivers, group):
        users_sudo = group.sudo().with_context(active_test=False).all_user_ids
        if not users_sudo:
            receivers.warnings.append(self.env._("The group %(name)s has no members.", name=receivers.words))
        self._add_people(receivers, users_sudo)

    def _add_people(self, receivers, people):
        """Add those users or contacts who can get a mail, and a warning for each other."""
        people_sudo = people.sudo()
        for person_sudo in people_sudo:
            partner_sudo = _partner_sudo(person_sudo)
            name = partner_sudo.display_name
            if not (person_sudo.active and partner_sudo.active):
                receivers.warnings.append(self.env._("%(name)s is archived.", name=name))
            elif not email_normalize_all(partner_sudo.email or ""):
                receivers.warnings.append(self.env._("%(name)s has no e-mail address.", name=name))
            else:
                receivers.partners |= partner_sudo

    def _warn(self, receivers):
        """Say aloud who does not get a message: in the log, and to the caller."""
        if not receivers.warnings:
            return
        _logger.warning("A mail request does not reach everybody: %s", "; ".join(receivers.warnings))
        self.env.user._bus_send("simple_notification", {
            "title": self.env._("Not everybody gets the message") if receivers else self.env._(
                "Nobody gets the message"),
            "message": "\n".join(receivers.warnings[:10]), "type": "warning", "sticky": True})


def one_line(text):
    """Return a text as it may stand in a header: one line, no control characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in str(text)).split())


def _partner_sudo(person):
    """Return the contact of a user; a contact is its own."""
    return person.sudo().partner_id if person._name == "res.users" else person.sudo()


def _group_address(group):
    """Return the own address of a group with its name, or nothing."""
    address = email_normalize(group.sudo().message_address or "")
    return formataddr((group.sudo().display_name, address)) if address else None

"""One message on its way through the dispatcher, and what may stop it there."""

from dataclasses import dataclass, field
from typing import Any


class Unroutable(ValueError):
    """No reply, no alias and no document type: nothing says what the message is about."""


class Aside(Exception):
    """A message is put aside, with nothing done about it; carries the state and the reason."""

    def __init__(self, state, reason, failure_type=None, **values):
        super().__init__(reason)
        self.outcome = {"state": state, "state_reason": reason, "failure_type": failure_type, **values}


@dataclass
class Mail:
    """One message while it is being dispatched.

    :param message: its ledger row
    :param values: what will be written to the ledger row
    :param routes: core's routes ``(model, thread id, custom values, user id, alias)``
    :param thread_ids: its ids and the ids it refers to (``lib.threading_ids``)
    :param known_id: whether its id may be in the ledger or in a chatter already
    :param referenced: whether a processed message, which overtook it, refers to it
    :param earlier: the mails of its batch before it, whose rows are not written yet
    :param document: ``(model, id)`` of what it became or belongs to
    :param is_copy: whether it is a copy of what went out from here: no conversation has it twice
    :param warrant: ``message.warrant`` of whoever's call or rule says where it belongs
    :param hidden: whether it brings a private message back: only its headers are kept, and no conversation has it
    """

    message: Any
    headers: Any = None
    parsed: Any = None
    msg_dict: dict = field(default_factory=dict)
    values: dict = field(default_factory=dict)
    routes: list = field(default_factory=list)
    document: Any = None
    is_reply: bool = False
    known_id: bool = True
    referenced: bool = False
    earlier: list = field(default_factory=list)
    thread_ids: Any = None
    is_copy: bool = False
    warrant: Any = None
    hidden: bool = False

    @property
    def fingerprint(self):
        """What two arrivals of one and the same mail have in common."""
        return tuple(self.values.get(name) for name in (
            "message_uid", "sender_address", "subject", "header_date", "body_text", "attachment_count"))

    def set_document(self, model, res_id):
        """Note the document, unless there is none."""
        if model and res_id:
            self.document = (model, res_id)
            self.values |= {"model": model, "res_id": res_id}

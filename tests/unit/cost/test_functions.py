"""Every public function of ``lib/`` that takes content does so in linear time, whatever the content is.

A new function with a parameter that is annotated as text, bytes or a message fails here until it is
in the table, with how it is called, or among the exemptions, with why.
"""

from __future__ import annotations

import ast
import importlib
from email.message import EmailMessage

import pytest

from tests.unit.cost.expressions import HOSTILE, REPO
from tests.unit.cost.growth import LARGEST, LONG, Work, measure, took

#: Seconds for the first look at so many characters; above it, growth is measured.
_LOOK = 8 * 1024
_SOON = 0.012
_KINDS = ("str", "bytes", "Message", "Raw", "memoryview")
_HEADERS = ("From", "To", "Subject", "Message-ID", "References", "In-Reply-To", "Date", "Content-Type", "Reply-To",
            "Content-Disposition", "Authentication-Results", "Received", "X-Spam-Status", "Return-Path",
            "Auto-Submitted",
            "Thread-Index", "List-Id", "X-Failed-Recipients", "Delivered-To", "X-Priority")  # fmt: skip


def _lib(name: str, addon: str = "message_history"):
    return importlib.import_module(f"odoo.addons.{addon}.lib.{name}")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _fold(text: str) -> str:
    return text.replace("\r", " ").replace("\n", "\n ")


def _headers(text: str) -> bytes:
    """A mail with a text in every header that anybody reads."""
    share = len(text) // len(_HEADERS) + 1
    pieces = [f"{name}: {_fold(text[n * share : (n + 1) * share])}\n" for n, name in enumerate(_HEADERS)]
    return _bytes("".join(pieces) + "\nbody\n")


def _header(name: str, text: str) -> bytes:
    return _bytes(f"From: a@b.example\n{name}: {_fold(text)}\n\nbody\n")


def _body(text: str, kind: str = "text/plain") -> bytes:
    return _bytes(f"From: MAILER-DAEMON@b.example\nSubject: Undelivered Mail\nContent-Type: {kind}\n\n{text}\n")


def _storable(text: str) -> str:
    return text.replace("\x00", "").replace("\x01", "").encode("utf-8", "replace").decode()


def _message(raw: bytes) -> EmailMessage:
    return _lib("repair").parse_mail(raw).message


def _read(raw: bytes) -> None:
    for part in _message(raw).walk():
        part.get_content_type(), part.get_filename(), part.get_content_charset()
        for name in _HEADERS:
            [str(one) for one in part.get_all(name, [])]
        if not part.is_multipart():
            part.get_content()


def _of_headers(function) -> Work:
    return lambda text: function(_message(_headers(text)))


def _of_body(function) -> Work:
    return lambda text: function(_message(_body(text)))


def _of_text(addon: str, module: str, name: str, *more) -> Work:
    function = getattr(_lib(module, addon), name)
    return lambda text: function(text, *more)


def _of_bytes(addon: str, module: str, name: str, *more) -> Work:
    function = getattr(_lib(module, addon), name)
    return lambda text: function(_bytes(text), *more)


def _table() -> dict[str, Work]:
    history, inbound, outbound = "message_history", "fetchmail_gateway", "smtp_outbox"
    plain = {
        history: (
            "addresses.parse_addresses authentication.parse_results "
            "bounce_fields.parse_groups bounce_fields.typed_address bounce_parts.split_notice "
            "bounce_parts.html_to_text "
            "bounce_text.is_delay bounce_text.squeeze charsets.python_knows charsets.find_codec dates.parse_date "
            "display.quote_html html_depth.bound_depth masking.masked web_address.web_address web_address.link_address "
            "web_address.picture_address web_address.is_data_picture web_address.plain_host web_address.is_public_host "
            "digest.normalise_message_id digest.split_message_ids digest.id_digest digest.address_digest "
            "html_bounds.bound_html html_bounds.bound_plain html_bounds.weigh html_text.html_to_text "
            "markup.without_hidden markup.unescape mime_params.parse_params mime_params.mend_content_type "
            "mime_params.mend_disposition mime_menders.mender_for preview.preview providers.guess raw_headers.clean "
            "raw_headers.decode_words raw_headers.bare_address refusal.status_of refusal.is_bad_address "
            "refusal.is_too_large refusal.is_full text.is_clean_line text.clean_line text.clean_text "
            "text.has_surrogates text.clean_filename threading_ids.alias_ids threading_ids.parse_ids "
            "threading_ids.conversation_key threading_ids.base_subject threading_ids.is_reply_subject "
            "words.decode_words"),
        inbound: "imap_errors.login_refused imap_parse.encode_folder imap_parse.canonical_folder imap_parse.to_utf7 "
                 "imap_parse.whole_number pop3_cursor.short",
        outbound: "addresses.is_ascii clean.clean_text clean.clean_header_name clean.clean_message_id "
                  "clean.clean_references clean.clean_address",
    }  # fmt: skip
    table: dict[str, Work] = {
        f"{addon}.{one}": _of_text(addon, *one.split("."))
        for addon, names in plain.items() for one in names.split()
    }
    return table | _tools_of_the_ledger() | _more_tools_of_the_ledger() | _tools_of_gateways()


def _tools_of_the_ledger() -> dict[str, Work]:
    history, bounce_parts = "message_history", _lib("bounce_parts")
    more: dict[str, Work] = {
        "addresses.format_address": _of_text(history, "addresses", "format_address", "a@b.example"),
        "authentication.aligned": _of_text(history, "authentication", "aligned", "b.example"),
        "authentication.read_authentication": lambda text: _lib("authentication").read_authentication(
            _message(_headers(text)), _lib("authentication").TrustedServers.of("a b.example *.c", 3), "a@b.example"),
        "authentication.find_server": _of_headers(_lib("authentication").find_server),
        "authentication.common_server": _of_headers(lambda mail: _lib("authentication").common_server([mail] * 3)),
        "automatic.classify": _of_headers(_lib("automatic").classify),
        "automatic.may_answer": _of_headers(_lib("automatic").may_answer),
        "automatic.answer_address": _of_headers(_lib("automatic").answer_address),
        "automatic.automatic_headers": _of_headers(_lib("automatic").automatic_headers),
        "bounce.read_bounce": _of_body(_lib("bounce").read_bounce),
        "bounce.is_daemon": _of_headers(_lib("bounce").is_daemon),
        "bounce_fields.one_line": _of_text(history, "bounce_fields", "one_line", 200),
        "bounce_fields.delivery_status": lambda text: _lib("bounce_fields").delivery_status([text], text),
        "bounce_fields.passing": lambda text: _lib("bounce_fields").passing("", text),
        "bounce_fields.disposition": lambda text: _lib("bounce_fields").disposition([text], text, text[:900]),
        "bounce_fields.feedback": lambda text: _lib("bounce_fields").feedback([text]),
        "bounce_original.original_ids": lambda text: _lib("bounce_original").original_ids(
            _message(_headers(text)), None, (), text),
        "bounce_original.original_subject": lambda text: _lib("bounce_original").original_subject(
            _message(_headers(text)), None, text),
        "bounce_original.original_recipients": _of_headers(_lib("bounce_original").original_recipients),
        "bounce_parts.split_report": _of_body(bounce_parts.split_report),
        "bounce_parts.content_type": _of_headers(bounce_parts.content_type),
        "bounce_parts.part_text": _of_body(bounce_parts.part_text),
        "bounce_text.find_recipients": _of_text(history, "bounce_text", "find_recipients", ()),
        "bounce_text.find_local_names": _of_text(history, "bounce_text", "find_local_names", "b.example"),
        "boundaries.guess_boundary": lambda text: _lib("boundaries").guess_boundary(_bytes(text), 0, len(_bytes(text))),
        "charsets.decode_text": lambda text: _lib("charsets").decode_text(_bytes(text), None, is_html=True),
        "charsets.decode_header_bytes": _of_bytes(history, "charsets", "decode_header_bytes"),
        "classic.classic_keys": _of_headers(lambda message: _lib("classic").classic_keys(message, {})),
        "cutting.decode_transfer": lambda text: [
            _lib("cutting").decode_transfer(_bytes(text), one) for one in ("base64", "quoted-printable", "x-uuencode")],
        "delivery_mark.make_mark": lambda text: _lib("delivery_mark").make_mark(b"x", text, text),
        "delivery_mark.is_among": lambda text: _lib("delivery_mark").is_among("0" * 32, frozenset({"1" * 32})),
        "delivery_mark.find_marks": lambda text: (
            _lib("delivery_mark").find_marks(_message(_body(text))),
            _lib("delivery_mark").find_marks(_message(_body("X-Delivery-Mark: " + text, "text/rfc822-headers")))),
    }  # fmt: skip
    return {f"{history}.{name}": work for name, work in more.items()}


def _more_tools_of_the_ledger() -> dict[str, Work]:
    history, raw_headers = "message_history", _lib("raw_headers")
    more: dict[str, Work] = {
        "digest.content_digest": _of_bytes(history, "digest", "content_digest"),
        "display.prepare_html": lambda text: _lib("display").prepare_html(
            _lib("html_bounds").bound_html(_storable(text))[0], {}),
        "headers.read_headers": lambda text: _lib("headers").read_headers(_headers(text)),
        "headers.encode_thread_index": _of_bytes(history, "headers", "encode_thread_index"),
        "headers.newest_references": lambda text: _lib("headers").newest_references(text.split(), text.split(",")),
        "masking.mask": lambda text: _lib("masking").mask(text, ("secret", text[:100], "aaaa")),
        "notice_sender.took_part": lambda text: _lib("notice_sender").took_part(f"postmaster@{text}", text, {"b.c"}),
        "reach.read_networks": _of_text(history, "reach", "read_networks"),
        "reach.plain": _of_text(history, "reach", "plain"),
        "style_rules.clean_style": lambda text: [
            _lib("style_rules").clean_style(begin + text, str) for begin in ("", "width: ", "background: ", "font: ")],
        "mime_params.format_params": lambda text: _lib("mime_params").format_params(text, {"a": text}),
        "peek.peek": lambda text: _lib("peek").peek(_headers(text)),
        "raw_headers.values": _of_headers(lambda message: raw_headers.values(message, "To")),
        "raw_headers.value": _of_headers(lambda message: raw_headers.value(message, "To")),
        "raw_headers.has": _of_headers(lambda message: raw_headers.has(message, "To")),
        "raw_headers.decoded": _of_headers(lambda message: raw_headers.decoded(message, "Subject")),
        "raw_headers.decode_bytes": lambda text: raw_headers.decode_bytes(_bytes(text), "utf-7"),
        "raw_headers.address_list": _of_headers(lambda message: raw_headers.address_list(message, "To", "From")),
        "raw_headers.first_address": _of_headers(lambda message: raw_headers.first_address(message, "From")),
        "raw_headers.addresses": lambda text: raw_headers.addresses(_message(_header("To", text)), "To"),
        "rawheaders.read_section": lambda text: _lib("rawheaders").read_section(
            _bytes(text), 0, len(_bytes(text)), top=True),
        "refusal.sharpen": lambda text: _lib("refusal").sharpen("recipient", text[:2000]),
        "repair.parse_mail": lambda text: (_read(_headers(text)), _read(_header("To", text)), _read(_body(text)),
            _read(_body(text, "text/html")), _read(_body(f"--b\n{text}\n--b--", "multipart/mixed; boundary=b")),
            _read(_body(text, "multipart/mixed"))),
        "sealing.seal": lambda text: _lib("sealing").seal(text.encode("utf-8", "replace").decode(), "key"),
        "spam_headers.read_spam": _of_headers(_lib("spam_headers").read_spam),
        "threading_ids.thread_ids": _of_headers(_lib("threading_ids").thread_ids),
        "variants.shared_tail": lambda text: _lib("variants").shared_tail(_bytes(text), _bytes("x" + text), 10),
        "variants.join": lambda text: _lib("variants").join(b"x", _bytes(text), 5),
    }  # fmt: skip
    return {f"{history}.{name}": work for name, work in more.items()}


def _tools_of_gateways() -> dict[str, Work]:
    inbound, outbound = "fetchmail_gateway", "smtp_outbox"
    refused, gateway, replies = _lib("errors").ProtocolError, _lib("imap_parse", inbound), _lib("replies", outbound)
    return {
        f"{inbound}.imap_errors.refusal": lambda text: _lib("imap_errors", inbound).refusal(
            text, "it", otherwise=refused, field=None),
        f"{inbound}.imap_errors.folder_refused": _of_text(inbound, "imap_errors", "folder_refused", "INBOX"),
        f"{inbound}.imap_errors.message_refused": _of_text(inbound, "imap_errors", "message_refused", "it"),
        f"{inbound}.imap_folders.role_of": lambda text: _lib("imap_folders", inbound).role_of(text, set(), "/"),
        f"{inbound}.imap_parse.tokens": lambda text: gateway.tokens([_bytes(text)]),
        f"{inbound}.imap_parse.parse_internaldate": lambda text: gateway.parse_internaldate(_bytes(text)),
        f"{inbound}.imap_parse.from_set": gateway.from_set,
        f"{inbound}.imap_parse.quote": gateway.quote,
        f"{inbound}.imap_parse.from_utf7": lambda text: gateway.from_utf7(_bytes(text)),
        f"{inbound}.pop3_drop.date_of": lambda text: _lib("pop3_drop", inbound).date_of(_bytes(text)),
        f"{inbound}.pop3_wire.refusal": lambda text: _lib("pop3_wire", inbound).refusal(text, "it", refused, None),
        f"{outbound}.addresses.wire_address": _of_text(outbound, "addresses", "wire_address"),
        f"{outbound}.clean.has_broken_header": _of_headers(_lib("clean", outbound).has_broken_header),
        f"{outbound}.from_filter.allows": lambda text: _lib("from_filter", outbound).allows(text, "a@b.example"),
        f"{outbound}.headers.plain_header": lambda text: [
            _lib("headers", outbound).plain_header(name, text) for name in ("To", "Message-ID", "Subject")],
        f"{outbound}.replies.one_line": lambda text: replies.one_line(550, text),
        f"{outbound}.replies.classify": lambda text: replies.classify(450, text, replies.Phase.RCPT),
        f"{outbound}.verp.decode": lambda text: _lib("verp", outbound).decode(text, b"key"),
        f"{outbound}.verp.find": lambda text: _lib("verp", outbound).find([text, text], b"key"),
        f"{outbound}.wire.stuffed": lambda text: _lib("wire", outbound).stuffed(_bytes(text)),
    }  # fmt: skip


#: What is not measured here, and why.
_OWN = "its content is a mail that this system wrote, within its own bounds"
EXEMPT = {
    "message_history.connect.translate": "takes an exception; its text is one word of ours",
    "message_history.sealing.unseal": "what we sealed ourselves",
    "fetchmail_gateway.imap_fetch.make_message": "hands on what was received, unread",
    "fetchmail_gateway.imap_folders.create_folder": "a name that an administrator typed",
    "fetchmail_gateway.imap_folders.native_name": "a name that an administrator typed",
    "fetchmail_gateway.imap_search.search": "criteria of ours; the answer is read by imap_parse",
    "fetchmail_gateway.pop3_again.sort_out": "compares digests by name; no content is read",
    "fetchmail_gateway.pop3_again.to_read_again": "looks names up in sets; no content is read",
    "fetchmail_gateway.spool.remove": "a path of ours",
    "message_history.masking.as_said": "a user's name and password that an administrator typed",
    "smtp_outbox.session.open_session": "a server's place and a user's name; what the server says is read by replies",
    "smtp_outbox.headers.as_parsed": _OWN,
    "smtp_outbox.headers.set_boundary": _OWN,
    "smtp_outbox.links.attachments_of": _OWN,
    "smtp_outbox.links.with_links": _OWN,
    "smtp_outbox.readdress.readdress": _OWN,
    "smtp_outbox.render.render": _OWN,
    "smtp_outbox.render.needs_utf8": _OWN,
    "smtp_outbox.verp.encode": "an address of ours",
}
_CHECKED = _table()
#: They read a whole mail, which takes seconds with all inputs; those that they call are measured by themselves.
_COSTLY = {"message_history.repair.parse_mail", "smtp_outbox.clean.has_broken_header"}


def _functions() -> set[str]:
    """Return the public functions of ``lib/`` that take text, bytes or a message."""
    found = set()
    for path in sorted(REPO.glob("*/lib/*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and _takes_content(node):
                found.add(f"{path.parent.parent.name}.{path.stem}.{node.name}")
    return found


def _takes_content(node: ast.FunctionDef) -> bool:
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    texts = [ast.unparse(one.annotation) for one in given if one.annotation]
    return any(kind in text for text in texts for kind in _KINDS)


def test_every_function_that_takes_content_is_measured():
    assert _functions() - _CHECKED.keys() - EXEMPT.keys() == set()
    assert EXEMPT.keys() - _functions() == set(), "exemptions of functions that are no more"
    assert not EXEMPT.keys() & _CHECKED.keys()


@pytest.mark.parametrize("name", sorted(_CHECKED))
def test_a_function_takes_linear_time(name):
    def work(text: str) -> None:
        try:
            _CHECKED[name](text)
        except Exception as error:  # noqa: BLE001 - only what it costs is looked at; what may be raised is tested apart
            assert not isinstance(error, RecursionError | MemoryError), error  # noqa: PT017

    bad = []
    for shape in HOSTILE if LONG else HOSTILE[:: 6 if name in _COSTLY else 2]:
        text = shape.make(_LOOK)
        if not LONG and took(work, text) < _SOON:
            continue
        top = LARGEST if LONG else 64 * 1024
        row = measure(work, str(shape), shape.make, [top // 8, top // 4, top // 2, top], top)
        if not row.is_linear(top):
            bad.append(str(row))
    assert not bad

"""Real mail through core's ``message_parse``: nothing raises, nothing good is changed, and what
comes out is what an independent parser reads."""

import email
import email.policy
import os
import unittest
from email.message import EmailMessage

from odoo.tests import TransactionCase, tagged

from ..lib.repair import parse_mail, restore_cut_parts
from .corpus_judge import (
    CORPUS,
    core_facts,
    corpus_files,
    differences,
    is_mail,
    known_differences,
    name_of,
    other_facts,
)

try:
    import fast_mail_parser
except ImportError:
    fast_mail_parser = None

IN_CI = bool(os.environ.get("CI"))


def comparable(msg_dict):
    """Return a message dictionary without what differs between two runs of core's own parser."""
    values = dict(msg_dict)
    for key in ("to", "recipients", "to_filtered"):  # core joins sets
        values[key] = sorted((values.get(key) or "").split(","))
    if "@localhost" in values["message_id"]:  # made of the clock
        del values["message_id"]
    values["body"] = str(values["body"])
    values["attachments"] = [
        (name, _bytes(content), info) for name, content, info in values["attachments"]
    ]
    return values


def _bytes(content):
    if isinstance(content, EmailMessage):
        return content.as_bytes()
    return content.encode("utf-8", "replace") if isinstance(content, str) else content


@unittest.skipUnless(CORPUS.is_dir() or IN_CI, "the corpus is absent")
@tagged("post_install", "-at_install")
class TestParsingCorpus(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.raws = {name_of(path): path.read_bytes() for path in corpus_files()}
        cls.thread = cls.env["mail.thread"]

    def parse(self, raw, **options):
        """Return core's dictionary of a mail parsed by us, and the codes of what was mended."""
        parsed = parse_mail(raw, **options)
        values = self.thread.message_parse(parsed.message)
        values["attachments"] = restore_cut_parts(values["attachments"], parsed.cut_parts)
        return values, parsed.repairs

    def test_nothing_raises(self):
        """Every file, with large parts cut and with all parts cut, goes through core's parser."""
        self.assertGreater(len(self.raws), 500)
        for name, raw in self.raws.items():
            for options in ({}, {"cut_above": 0}):
                with self.subTest(name=name, **options):
                    values, repairs = self.parse(raw, **options)
                    self.assertNotIn("unreadable", repairs)
                    for key in ("message_id", "email_from", "to", "cc", "body"):
                        text = str(values.get(key) or "")
                        self.assertNotIn("\0", text)
                        text.encode()  # a lone surrogate would raise

    def test_good_mail_is_not_changed(self):
        """Where nothing was mended, the result is that of core for the mail as it came."""
        same = mended = 0
        for name, raw in self.raws.items():
            with self.subTest(name=name):
                values, repairs = self.parse(raw)
                if repairs:
                    mended += 1
                    continue
                message = email.message_from_bytes(raw, policy=email.policy.SMTP)
                self.assertEqual(comparable(values), comparable(self.thread.message_parse(message)))
                same += 1
        self.assertGreater(same, 400)
        self.assertLess(mended, 120)

    @unittest.skipUnless(fast_mail_parser or IN_CI, "fast-mail-parser is not installed")
    def test_an_independent_parser_agrees(self):
        """Subject, addresses, date, text and attachments, but for the differences listed."""
        known = known_differences()
        found = {}
        for name, raw in self.raws.items():
            if not is_mail(raw):
                continue
            try:
                theirs = other_facts(raw, fast_mail_parser.parse_email)
            except fast_mail_parser.ParseError:
                found[name] = {"*"}
                continue
            found[name] = set(differences(core_facts(self.parse(raw)[0]), theirs))
        found = {name: fields for name, fields in found.items() if fields}
        listed = {name: set(fields) for name, fields in known.items()}
        self.assertEqual(found, listed)
        self.assertTrue(all(reason for fields in known.values() for reason in fields.values()))

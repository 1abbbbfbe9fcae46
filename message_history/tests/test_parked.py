import json

from odoo import fields
from odoo.exceptions import AccessError
from odoo.sql_db import db_connect
from odoo.tests import tagged

from ..models.message_parked import _PLACE
from ..tools.outgoing import Outgoing, Recipient
from ..tools.parcel import pack, unpack
from .common import MessageCase


@tagged("post_install", "-at_install")
class TestParked(MessageCase):
    """What is parked goes out if its transaction was committed with a ticket, and in no other case."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.cr.execute("DELETE FROM message_parked")
        cls.parked = cls.env["message.parked"]
        cls.env.cr.execute(_PLACE)
        (cls.place,) = cls.env.cr.fetchone()

    def outgoing(self, *to):
        """Return a message to some addresses."""
        return Outgoing(self.channel.id, b"Subject: Reset\r\n\r\nlink", [Recipient(one) for one in to],
                        message_uid="<parked@example.com>", private=True, expires=fields.Datetime.now(),
                        values={"subject": "Reset", "body_text": "link", "preview": "link"})

    def park(self, *to, xid, mark="one", place=None, ticket=False):
        """Park a message as a transaction with that number did."""
        message = self.outgoing(*to or ("ann@example.com",))
        self.env.cr.execute(
            "INSERT INTO message_parked (date, state, xid, place, mark, recipients, entry, content) "
            "VALUES (now(), 'waiting', %s, %s, %s, 'ann@example.com', %s, %s) RETURNING id",
            [xid, place or self.place, mark, pack(message), message.content])
        (parked_id,) = self.env.cr.fetchone()
        if ticket:
            self.env.cr.execute("INSERT INTO message_parked_ticket (mark) VALUES (%s)", [mark])
        return self.parked.browse(parked_id)

    def committed_since(self):
        """Return the number of a transaction that was committed after this test's snapshot was taken."""
        with db_connect(self.env.cr.dbname).cursor() as cr:
            cr.execute("SELECT pg_current_xact_id()::text")
            return cr.fetchone()[0]

    def past(self):
        """Return the number of a transaction that this test's snapshot sees as over."""
        self.env.cr.execute("SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1)::text")
        return self.env.cr.fetchone()[0]

    def sent(self):
        """Return the ledger's rows of what was released."""
        return self.env["message.history"].search([("message_uid", "=", "<parked@example.com>")])

    def test_committed_with_a_ticket_goes_out_once(self):
        parked = self.park("ann@example.com", "bob@example.com", xid=self.past(), ticket=True)
        self.assertEqual(self.parked._sweep(), 1)
        self.assertEqual(self.parked._sweep(), 0)
        self.assertFalse(parked.exists())
        history = self.sent()
        self.assertEqual(history.delivery_ids.mapped("address"), ["ann@example.com", "bob@example.com"])
        self.assertTrue(history.private)
        self.assertFalse(history.body_text or history.preview)
        self.env.cr.execute("SELECT COUNT(*) FROM message_parked_ticket")
        self.assertEqual(self.env.cr.fetchone()[0], 0)

    def test_over_without_a_ticket_is_dropped(self):
        parked = self.park(xid=self.past())
        self.assertEqual(self.parked._sweep(), 0)
        self.assertFalse(parked.exists())
        self.assertFalse(self.sent())

    def test_an_open_transaction_is_waited_for(self):
        """Ours is; so is one that was committed after our snapshot, whose ticket we can't see yet."""
        self.env.cr.execute("SELECT pg_current_xact_id()::text")
        (own,) = self.env.cr.fetchone()
        later = self.committed_since()
        rows = self.park(xid=own, ticket=True) + self.park(xid=later, mark="two")
        self.assertEqual(self.parked._sweep(), 0)
        self.assertEqual(rows.mapped("state"), ["waiting", "waiting"])
        self.assertFalse(self.sent())

    def test_a_copy_of_the_database_shows_it_and_forgets_it(self):
        parked = self.park(xid=self.past(), place="another/1/one", ticket=True)
        self.assertEqual(self.parked._sweep(), 0)
        self.assertEqual(parked.state, "unknown")
        self.env.cr.execute("SELECT content, entry FROM message_parked WHERE id = %s", [parked.id])
        self.assertEqual(self.env.cr.fetchone(), (None, None))
        self.assertFalse(self.sent())
        self.assertEqual(parked.with_user(self.env.ref("base.user_admin")).recipients, "ann@example.com")

    def test_nobody_reads_the_bytes(self):
        parked = self.park(xid=self.past())
        for user in (self.env.ref("base.user_admin"), self.manager, self.member):
            for name in ("content", "entry", "mark", "xid", "place"):
                with self.assertRaises(AccessError):
                    parked.with_user(user).read([name])
                with self.assertRaises(AccessError):
                    self.parked.with_user(user).search([(name, "!=", False)])
        for user in (self.manager, self.member):
            with self.assertRaises(AccessError):
                parked.with_user(user).read(["recipients"])

    def test_nothing_of_it_can_be_changed(self):
        parked, admin = self.park(xid=self.past()), self.env.ref("base.user_admin")
        with self.assertRaises(AccessError):
            parked.with_user(admin).write({"recipients": "thief@example.com"})
        with self.assertRaises(AccessError):
            self.parked.with_user(admin).create({"date": fields.Datetime.now(), "state": "waiting", "mark": "x"})
        with self.assertRaises(AccessError):
            self.env["message.parked.ticket"].with_user(admin).create({"mark": parked.id})
        parked.with_user(admin).unlink()

    def test_a_channel_or_contact_that_is_gone(self):
        partner = self.env["res.partner"].create({"name": "Ann"})
        message = self.outgoing("ann@example.com")
        message.channel_id, message.recipients[0].partner_id = 2**30, partner.id
        partner.unlink()
        self.channel.sends = True
        mended = self.parked._mend(message)
        self.assertTrue(self.env["message.channel"].browse(mended.channel_id).sends)
        self.assertFalse(mended.recipients[0].partner_id)

    def test_what_is_packed_says_nothing_of_the_text(self):
        message = self.outgoing("ann@example.com")
        message.recipients[0].content = b"own copy"
        packed = pack(message)
        self.assertNotIn("link", packed)
        again = unpack(json.loads(packed), message.content)
        self.assertEqual((again.content, again.recipients, again.expires),
                         (message.content, message.recipients, message.expires))

    def test_parked_in_a_transaction_of_its_own(self):
        """It is there for others at once, and whatever becomes of this transaction."""
        (mark,) = self.parked._park([self.outgoing("ann@example.com")])
        with db_connect(self.env.cr.dbname).cursor() as cr:
            cr.execute("DELETE FROM message_parked WHERE mark = %s RETURNING xid", [mark])
            (xid,) = cr.fetchone()
        self.env.cr.execute("SELECT pg_current_xact_id()::text")
        self.assertEqual(self.env.cr.fetchone()[0], xid)

"""Faults while a document is made: what can't be processed, and what stands around it."""

from tests.integration.faults.mails import Mail


def test_raises_between_two_good_ones(compare):
    """A mail whose processing raises is kept, tried again, and disturbs no other."""

    def scenario(scene):
        box = scene.box(model="fault.ticket", channel={"failed_folder": "Failed"})
        box.deliver(Mail("good"), Mail("[raise]"), Mail("good"))
        box.fetch()
        first = scene.note("at once")
        if scene.system.is_ours:
            box.fetch()  # carries out what is to be done on the server
            assert len(scene.dovecot.messages(box.user, "Failed")) == 1
            assert first.kept == {"failed": 1}
        scene.system.mend(True)
        box.recover()
        scene.system.mend(False)
        scene.note("after the cause was mended")
        if scene.system.is_ours:
            box.fetch()
            assert scene.dovecot.messages(box.user, "Failed") == []
            assert box.left() == 3

    scene = compare("A mail that raises, between two good ones", scenario)
    assert [one.once for one in scene.outcomes] == [2, 3]
    assert scene.outcomes[-1].perfect


def test_unroutable(compare):
    """A mail that nothing says the document of is kept until somebody does."""

    def scenario(scene):
        box = scene.box(model=None)
        scene.system.alias("unroutable", "crm.lead")
        box.deliver(Mail(to="unroutable@faults.example"), Mail(to="nobody@elsewhere.example"))
        box.fetch()
        scene.note("at once")
        box.set_model("crm.lead")
        box.recover()
        scene.note("after the server got a document type")

    scene = compare("A mail that nothing says the document of (unroutable)", scenario)
    assert scene.outcomes[0].once == 1
    assert scene.outcomes[0].kept == {"failed": 1}
    assert scene.outcomes[1].perfect


def test_serialization_failure(compare):
    """Another transaction gets in the way: the work starts anew, and is no failed attempt."""

    def scenario(scene):
        box = scene.box(model="fault.ticket")
        mails = [Mail("good"), Mail("[conflict]"), Mail("good")]
        scene.system.agent.run("env['fault.counter'].create({'name': name, 'value': 0})", name=mails[1].subject)
        box.deliver(*mails)
        box.fetch()
        scene.note()
        met = scene.system.sql(f"SELECT value FROM fault_counter WHERE name = '{mails[1].subject}'")
        assert int(met[0][0]) >= 1, "there was no conflict"
        if scene.system.is_ours:
            attempts = scene.system.sql(
                f"SELECT attempts FROM message_history WHERE subject = '{mails[1].subject}'")
            assert attempts == [["1"]]

    scene = compare("A serialization failure while a mail is processed", scenario)
    assert scene.outcomes[0].perfect


def test_sixty_of_one_sender(compare):
    """Sixty orders of one customer in two hours are sixty orders."""

    def scenario(scene):
        scene.system.alias("orders", "crm.lead")
        box = scene.box(model=None)
        box.deliver(*(Mail(to="orders@faults.example", sender="busy@customer.example") for _ in range(60)))
        box.fetch()
        box.fetch()
        sent = scene.system.sql("SELECT count(*) FROM mail_mail WHERE email_to LIKE '%busy@customer.example%'")
        scene.note(more=f"{sent[0][0]} refusals sent to the customer" if sent[0][0] != "0" else "")

    scene = compare("60 mails of one sender in two hours, to an alias", scenario)
    assert scene.outcomes[0].perfect
    assert scene.steps == ["60 of 60 in Odoo"]


def test_two_mails_with_one_id(compare):
    """Programs that give every mail the same Message-ID lose nothing."""

    def scenario(scene):
        box = scene.box()
        box.deliver(Mail("first", message_id="<always-the-same@machine.example>"))
        box.deliver(Mail("second", message_id="<always-the-same@machine.example>"))
        box.fetch()
        box.fetch()
        scene.note()

    scene = compare("Two mails with different content and one Message-ID", scenario)
    assert scene.outcomes[0].perfect


def test_two_aliases_on_one_mail(compare):
    """Each alias has its document, each with all the addresses."""

    def scenario(scene):
        for name in ("left", "right"):
            scene.system.alias(name, "fault.ticket")
        box = scene.box(model=None)
        mail = box.deliver(Mail(to="left@faults.example, right@faults.example", expected=2,
                                cc="Chief <chief@customer.example>"))
        box.fetch()
        rows = scene.system.sql(
            f"SELECT COALESCE(incoming_email_cc, '') FROM mail_message WHERE subject = '{mail.subject}' "
            "AND message_type = 'email'")
        scene.whole = sum("chief@customer.example" in row[0] for row in rows)
        scene.note(more=f"{len(rows)} documents, {scene.whole} of them with the Cc")

    scene = compare("Two aliases on one mail with a Cc", scenario)
    assert scene.outcomes[0].perfect
    assert scene.whole == 2


def test_sent_to_self(compare):
    """A mail that Odoo sends to an alias of its own, and fetches, opens a document there."""

    def scenario(scene):
        scene.system.alias("internal", "fault.ticket")
        box = scene.box(model=None)
        mail = Mail(to="internal@faults.example")
        mail.set_message_id(scene.system.agent.run(_POST, subject=mail.subject))
        box.deliver(mail)
        box.fetch()
        rows = scene.system.sql(f"SELECT count(*) FROM fault_ticket WHERE name = '{mail.subject}'")
        scene.made = int(rows[0][0])
        scene.steps.append("opened a document" if scene.made else "**opened no document**")

    scene = compare("A mail that Odoo sent to an alias that it fetches itself", scenario)
    assert scene.made == 1


_POST = """
partner = env['res.partner'].create({'name': 'Internal', 'email': 'internal@faults.example'})
lead = env['crm.lead'].create({'name': 'A lead'})
message = lead.message_post(body='Please look', subject=subject, message_type='comment',
                            subtype_xmlid='mail.mt_comment', partner_ids=partner.ids)
result = message.message_id
"""

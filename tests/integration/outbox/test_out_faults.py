"""Faults of outgoing servers: core beside ours, the server's own log is the judge."""

from tests.integration.outbox.scene import Outcome


def test_greylisting(compare_out):
    """451 at the first attempt, as greylisting servers answer."""

    def scenario(scene):
        token = scene.mail("grey-ann@example.com")
        scene.run()
        scene.note("at once", token)
        scene.later()
        return scene.note("after a while", token)

    ours = compare_out("Greylisting: 451 at the first attempt", scenario)
    assert ours == Outcome(arrived=1, told="sent")


def test_451_at_rcpt_for_one_of_two(compare_out):
    """One recipient is deferred, the other gets it at once."""

    def scenario(scene):
        token = scene.mail("defer2-ann@example.com", "bob@example.com")
        scene.run()
        scene.note("at once", token)
        scene.later()
        scene.later()
        return scene.note("after a while", token)

    ours = compare_out("451 at RCPT for one of two recipients", scenario)
    assert ours == Outcome(arrived=2, told="sent")


def test_451_after_data(compare_out):
    """The content is deferred, again and again, then taken."""

    def scenario(scene):
        token = scene.mail("data-defer-ann@example.com")
        scene.run()
        scene.later()
        return scene.note("after two attempts", token)

    ours = compare_out("451 after DATA, every time", scenario)
    assert ours == Outcome(told="outgoing", states={"deferred": 1})


def test_one_of_two_refused(compare_out):
    """To two, of whom one does not exist."""

    def scenario(scene):
        token = scene.mail("reject-ann@example.com", "bob@example.com")
        scene.run()
        return scene.note("", token)

    ours = compare_out("One of two recipients refused (550)", scenario)
    assert ours == Outcome(arrived=1, told="exception", states={"refused": 1, "accepted": 1})


def test_one_refused_contact_and_retry(compare_out):
    """One of three contacts is refused; then somebody presses Retry."""

    def scenario(scene):
        token = scene.mail(partners=["ann@example.com", "perm-bob@example.com", "cid@example.com"])
        scene.run()
        scene.note("at once", token)
        scene.retry(token)
        return scene.note("after Retry", token)

    ours = compare_out("One of three contacts refused, then Retry", scenario)
    assert ours == Outcome(arrived=2, told="exception", states={"accepted": 2, "refused": 1})


def test_chatter_icons(compare_out):
    """A chatter message to two contacts, of whom one is refused."""

    def scenario(scene):
        token = scene.post("reject-ann@example.com", "bob@example.com")
        scene.run()
        return scene.note("", token)

    ours = compare_out("A chatter message to two contacts, one refused", scenario)
    assert ours.icons == {"reject-ann@example.com": "exception", "bob@example.com": "sent"}


def test_550_for_all(compare_out):
    """Nobody exists."""

    def scenario(scene):
        token = scene.mail("reject-ann@example.com", "reject-bob@example.com")
        scene.run()
        return scene.note("", token)

    ours = compare_out("550 for all recipients", scenario)
    assert ours == Outcome(told="exception", states={"refused": 2})


def test_554_after_data_among_good_ones(compare_out):
    """One mail is not wanted; those around it are."""

    def scenario(scene):
        tokens = [scene.mail(f"{name}@example.com") for name in ("ann", "data-reject-bob", "cid")]
        scene.run()
        return scene.note("", *tokens)

    ours = compare_out("554 after DATA for one of three mails", scenario)
    assert ours == Outcome(arrived=2, told="exception, sent", states={"accepted": 2, "failed": 1})


def test_cut_after_data(compare_out):
    """Stored, and the answer lost: nobody knows, and nobody gets it twice by itself."""

    def scenario(scene):
        token = scene.mail("drop1-ann@example.com")
        scene.run()
        scene.later()
        scene.note("by itself", token)
        scene.send_again(token)
        return scene.note("after somebody chose to send it again", token)

    ours = compare_out("Connection cut after DATA (stored, the answer lost)", scenario)
    assert ours == Outcome(arrived=1, twice=1, told="sent", states={"accepted": 1})


def test_cut_before_the_content(compare_out):
    """Nothing was handed over: it is sent again by itself."""

    def scenario(scene):
        token = scene.mail("cut-ann@example.com")
        scene.run()
        scene.later()
        return scene.note("", token)

    ours = compare_out("Connection cut before the content", scenario)
    assert ours == Outcome(arrived=1, told="sent")


def test_421_in_the_middle(compare_out):
    """The server closes at one recipient, every time; the others' mails go on."""

    def scenario(scene):
        tokens = [scene.mail(f"{name}@example.com") for name in ("ann", "close-bob", "cid", "dan")]
        scene.run()
        scene.later()
        return scene.note("", *tokens)

    ours = compare_out("421 and hang-up at one of four mails, every time", scenario)
    assert (ours.arrived, ours.twice) == (3, 0)
    assert ours.states == {"accepted": 3, "deferred": 1}


def test_garbage(compare_out):
    """An answer that is none, for one of three mails."""

    def scenario(scene):
        tokens = [scene.mail(f"{name}@example.com") for name in ("ann", "garbage-bob", "cid")]
        scene.run()
        scene.later()
        return scene.note("", *tokens)

    ours = compare_out("A garbled answer for one of three mails, every time", scenario)
    assert (ours.arrived, ours.twice) == (2, 0)


def test_hang_after_data(compare_out):
    """The server falls silent behind a content."""

    def scenario(scene):
        tokens = [scene.mail("slow-ann@example.com"), scene.mail("bob@example.com")]
        scene.run(seconds=90)
        scene.later()
        return scene.note("", *tokens)

    ours = compare_out("The server falls silent after one content", scenario)
    assert ours.twice == 0
    assert ours.states == {"accepted": 1, "in_doubt": 1}


def test_server_down(compare_out):
    """Nobody answers; then the server is back."""

    def scenario(scene):
        scene.sink.set_mode("refuse")
        tokens = [scene.mail(f"{name}@example.com") for name in ("ann", "bob", "cid")]
        scene.run()
        scene.later()
        scene.note("while it is down", *tokens)
        scene.sink.set_mode("")
        scene.later()
        return scene.note("when it is back", *tokens)

    ours = compare_out("The server is down for an hour", scenario)
    assert ours == Outcome(arrived=3, told="sent", states={"accepted": 3})


def test_busy_server(compare_out):
    """421 as greeting; then it has time."""

    def scenario(scene):
        scene.sink.set_mode("busy")
        tokens = [scene.mail(f"{name}@example.com") for name in ("ann", "bob")]
        scene.run()
        scene.sink.set_mode("")
        scene.later()
        return scene.note("", *tokens)

    ours = compare_out("The server is too busy (421) at first", scenario)
    assert ours == Outcome(arrived=2, told="sent", states={"accepted": 2})


def test_too_many_recipients(compare_out):
    """The server takes two recipients of a mail at a time."""

    def scenario(scene):
        scene.sink.set_mode("few")
        token = scene.mail(*(f"reader{number}@example.com" for number in range(5)))
        scene.run()
        scene.later()
        scene.later()
        return scene.note("", token)

    ours = compare_out("The server takes two recipients at a time (452)", scenario)
    assert ours == Outcome(arrived=5, told="sent", states={"accepted": 5})


def test_a_mail_that_cannot_be_built(compare_out):
    """A subject with line breaks, a custom header with a broken name, between two good mails."""

    def scenario(scene):
        tokens = [
            scene.mail("ann@example.com"),
            scene.mail("bob@example.com", headers=repr({"X-Bad\nName": "x"}), reply_to="sales@example.com\nX-Evil: 1"),
            scene.mail("cid@example.com"),
        ]
        scene.run()
        return scene.note("", *tokens)

    ours = compare_out("A line break in a header, between two good mails", scenario)
    assert ours == Outcome(arrived=3, told="sent", states={"accepted": 3})


def test_two_workers(compare_out):
    """Two processes work one queue off at the same time."""

    def scenario(scene):
        tokens = [scene.mail(f"reader{number}@example.com") for number in range(60)]
        scene.run_twice()
        scene.later()
        return scene.note("", *tokens)

    ours = compare_out("Two workers on one queue of 60 mails", scenario)
    assert ours == Outcome(arrived=60, told="sent", states={"accepted": 60})


def test_kill_after_the_server_took_it(compare_out):
    """kill -9 between the server's answer and its being written down."""

    def scenario(scene):
        tokens = [scene.mail(f"reader{number}@example.com") for number in range(5)]
        scene.die_after_accept(3)
        scene.run_and_die()
        scene.note("after the crash", *tokens)
        scene.later()
        return scene.note("when it runs again", *tokens)

    ours = compare_out("kill -9 after the server took the third of five mails", scenario)
    assert (ours.arrived, ours.twice) == (5, 0)
    assert ours.states == {"accepted": 4, "in_doubt": 1}

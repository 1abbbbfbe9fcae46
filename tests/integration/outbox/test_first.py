"""The thinnest path: a mail goes out through a real server, and everybody says so."""

from tests.integration.outbox.system import arrivals


def test_a_mail_arrives_and_is_told_of(out_ours, sink):
    out_ours.server(sink.port, sequence=1)
    token = out_ours.mail("ann@example.com")
    out_ours.run()
    assert arrivals(sink.taken()) == {(token, "ann@example.com"): 1}
    assert out_ours.states(token) == {"ann@example.com": "accepted"}
    assert out_ours.mail_state(token) == "sent"

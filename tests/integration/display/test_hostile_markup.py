"""Mails that mean harm, at the desk and in answers: nothing runs, nothing is fetched, nothing gets out.

Each entry of the table comes as a mail of its own to a real mailbox, is read by the desk's own call, shown
by the desk's own component in Chromium, answered with a quote, and forwarded. The bytes of the answers are
those in the outbox. The tests of this file stand in this order: each looks at what the one before left.
"""

import base64
import re
from email import message_from_bytes, policy

import pytest

from dev.instance import wait_until
from tests.hostile_markup import HOST, WALK, faults, judge, vectors
from tests.integration.inbox.desk import ADDRESS, Clerk

_MAIL = (
    "From: Mallory {number} <m{number}@canary.example>\r\nTo: {to}\r\nSubject: Vector {number}\r\n"
    "Message-ID: <vector-{number}@canary.example>\r\nDate: Fri, 02 Jan 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
    "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}\r\n"
)
#: Answers all with a quote, and forwards some, as a user of the desk: the draft's own way into the outbox.
_ANSWER = """
import base64
anna = env['res.users'].search([('login', '=', 'anna')])
found = {}
for message in env['message.history'].search([('subject', '=like', 'Vector %')], order='id'):
    number = int(message.subject.split()[1])
    if number not in numbers:
        continue
    if mode == 'forward':
        env['message.picture.sender'].with_user(anna).trust(message.sender_address)
    Draft = env['message.draft'].with_user(anna)
    values = {**Draft.open(message.conversation_id.id, mode, message.id), 'body': '<p>Our answer</p>', 'quote': True}
    bob = {'name': 'Bob', 'address': 'bob@elsewhere.example', 'partner_id': None}
    values['recipients'] = values['recipients'] or [bob]
    draft = Draft.browse(Draft.store(values)['id'])
    sent = draft.send({'at': '2040-01-01 00:00:00'})
    with env['message.raw']._opened(sent['history_id']) as content:
        found[number] = base64.b64encode(bytes(content)).decode()
    if not number % 50:
        env.cr.commit()
result = found
"""
_READ = """async (ids) => {
    const found = {};
    for (const id of ids) {
        const answer = await fetch("/web/dataset/call_kw/message.desk/open_message", {
            method: "POST", headers: { "Content-Type": "application/json" },
            body: JSON.stringify({ jsonrpc: "2.0", params: {
                model: "message.desk", method: "open_message", args: [id], kwargs: {} } }) });
        found[id] = (await answer.json()).result;
    }
    return found;
}"""
#: Shows mark-up in the desk's own component, with its frame and policy; returns what is in each frame.
_SHOW = """async ([htmls, pictures]) => {
    const { App } = odoo.loader.modules.get("@odoo/owl");
    const { getTemplate } = odoo.loader.modules.get("@web/core/templates");
    const { MessageBody } = odoo.loader.modules.get("@message_history/pane/message_body");
    const walk = WALK;
    const apps = [], found = {};
    for (const [number, html] of Object.entries(htmls)) {
        const place = document.body.appendChild(document.createElement("div"));
        place.className = "hostile-test";
        const props = { html, pictures, title: "x" };
        const app = new App(MessageBody, { getTemplate, props, translateFn: (text) => text });
        await app.mount(place);
        apps.push([number, app, place]);
    }
    const isReady = ({ contentDocument: inner }) => inner.URL === "about:srcdoc" && inner.readyState === "complete";
    for (let turn = 0; turn < 100 && !apps.every(([, , place]) => isReady(place.querySelector("iframe"))); turn++) {
        await new Promise((done) => setTimeout(done, 50));
    }
    for (const [number, app, place] of apps) {
        const frame = place.querySelector("iframe"), inner = frame.contentDocument;
        for (const element of inner.body.querySelectorAll("*")) {
            element.focus?.();
            for (const kind of ["mouseover", "error", "load", "toggle", "animationstart", "pointerenter"]) {
                element.dispatchEvent(new frame.contentWindow.Event(kind, { bubbles: true }));
            }
        }
        found[number] = { nodes: walk(inner.body), url: inner.URL, height: frame.offsetHeight, cookie: inner.cookie };
        app.destroy();
        place.remove();
    }
    return found;
}""".replace("WALK", WALK)
#: Shows mark-up as the most careless mail program would: scripts allowed, no policy.
_SHOW_BARE = """async (htmls) => {
    const found = {}, walk = WALK;
    for (const [number, html] of Object.entries(htmls)) {
        const frame = document.createElement("iframe");
        const loaded = new Promise((done) => frame.addEventListener("load", done));
        frame.srcdoc = html;
        document.body.append(frame);
        await Promise.race([loaded, new Promise((done) => setTimeout(done, 3000))]);
        for (const element of frame.contentDocument.body.querySelectorAll("*")) {
            element.focus?.();
            element.dispatchEvent(new frame.contentWindow.Event("mouseover", { bubbles: true }));
        }
        found[number] = walk(frame.contentDocument.body);
        if (Object.keys(found).length % 40 === 0) {
            await new Promise((done) => setTimeout(done, 100));
        }
        frame.remove();
    }
    return found;
}""".replace("WALK", WALK)


@pytest.fixture(scope="module")
def table(recorder):
    """The table, by number."""
    return {vector.number: vector for vector in vectors(recorder.port)}


@pytest.fixture(scope="module")
def shown(office, table, chromium):
    """{number: what the desk's own call returns}, and the clerk who read it."""
    anna = _sit_down(chromium, office)
    anna.page.goto(f"{office.web.url}/odoo/messages")
    office.dovecot.deliver_many(
        office.user,
        [
            _MAIL.format(
                number=vector.number,
                to=ADDRESS,
                body=base64.encodebytes(vector.html.encode()).decode().replace("\n", "\r\n"),
            ).encode()
            for vector in table.values()
        ],
    )
    query = (
        "SELECT subject, id FROM message_history WHERE subject LIKE 'Vector %' AND settled "
        "AND conversation_id IS NOT NULL"
    )
    rows = wait_until(
        lambda: len(found := office.database.sql(query)) == len(table) and found, 120, "all mails", every=1
    )
    numbers = {int(row[1]): int(row[0].split()[1]) for row in rows}
    anna.page.evaluate("window.ran = []; window.canary = (n) => ran.push(n); 0")
    anna.dialogs = []
    anna.page.on("dialog", lambda dialog: (anna.dialogs.append(dialog.message), dialog.dismiss()))
    answers = anna.page.evaluate(_READ, list(numbers))
    found = {numbers[int(history_id)]: answer for history_id, answer in answers.items()}
    assert not [_words(table[number]) for number, answer in found.items() if not answer]
    # core can't read a mail whose body is one comment; what the ledger kept of it is shown
    assert sum(not answer["complete"] for answer in found.values()) <= 1
    yield found, anna
    anna.close()


def _sit_down(chromium, office):
    """The first page of a new database waits for its bundles, on a busy machine longer than a page may."""
    for _attempt in range(8):
        try:
            return Clerk(chromium.browser, office, "anna")
        except chromium.TimeoutError:
            continue
    raise AssertionError("the desk does not come up")


def _in_pieces(values, size=60):
    items = list(values.items())
    for start in range(0, len(items), size):
        yield dict(items[start : start + size])


def _html(raw):
    part = message_from_bytes(raw, policy=policy.default).get_body(("html",))
    return part.get_content()


def _words(vector):
    return f"{vector.number} ({vector.group}): {vector.html!r}"


def test_the_desk_gets_only_what_is_listed(shown, table):
    found, _anna = shown
    assert set(found) == set(table)
    for number, answer in found.items():
        assert not faults(answer["body"]), _words(table[number])
        assert table[number].maybe or answer["remote"] == table[number].picture, _words(table[number])


def test_nothing_runs_is_fetched_or_leaves_the_frame(shown, table, recorder):
    found, anna = shown
    url, cookies, pages = anna.page.url, anna.context.cookies(), len(anna.context.pages)
    before = anna.page.evaluate("[...document.head.children].length")
    for piece in _in_pieces({number: answer["body"] for number, answer in found.items()}):
        for number, frame in anna.page.evaluate(_SHOW, [piece, False]).items():
            vector = table[int(number)]
            assert not judge(frame["nodes"]), _words(vector)
            assert frame["url"] == "about:srcdoc", _words(vector)
            assert frame["height"] <= 30_100, _words(vector)
    assert (recorder.asked, recorder.encrypted) == ([], 0)
    assert anna.page.evaluate("ran") == []
    assert anna.dialogs == []
    assert (anna.page.url, len(anna.context.pages)) == (url, pages)
    assert anna.context.cookies() == cookies
    assert anna.page.evaluate("[...document.head.children].length") == before
    assert not anna.errors, "what the policy has to forbid should not have been there"


def test_with_pictures_only_pictures_are_fetched(shown, table, recorder):
    found, anna = shown
    for piece in _in_pieces({number: answer["body"] for number, answer in found.items()}):
        for number, frame in anna.page.evaluate(_SHOW, [piece, True]).items():
            assert not judge(frame["nodes"]), _words(table[int(number)])
    asked = {line.split()[1] for line in recorder.asked}
    assert all(line.startswith("GET ") for line in recorder.asked)
    got = {int(path.lstrip("/").split("?")[0].split("%")[0]) for path in asked}
    assert {number for number, vector in table.items() if vector.picture} <= got
    assert got <= {number for number, vector in table.items() if vector.picture or vector.maybe}
    assert anna.page.evaluate("ran") == []
    assert anna.dialogs == []


def test_nothing_of_it_goes_out_with_an_answer(office, shown, table, recorder, chromium):
    sent = office.database.shell(_ANSWER, mode="reply", numbers=list(table))
    answers = {int(number): _html(base64.b64decode(raw)) for number, raw in sent.items()}
    assert set(answers) == set(table)
    recorder.asked.clear()
    page = chromium.browser.new_page()
    page.goto(f"http://127.0.0.1:{recorder.port}/bare")
    for number, nodes in page.evaluate(_SHOW_BARE, answers).items():
        vector, html = table[int(number)], answers[int(number)]
        assert "Our answer" in html
        wrong = [one for one in judge(nodes) if "o_message_quote" not in one]
        assert not wrong, _words(vector)
        assert "data-held" not in html
        assert not re.search(r"(src|background|poster)=\"?http", html), _words(vector)
    assert page.evaluate("ran") == []
    assert recorder.asked == []
    page.close()


def test_a_forward_takes_pictures_along_only_from_who_is_trusted(office, shown, table, recorder, chromium):
    chosen = [number for number, vector in table.items() if vector.picture or vector.maybe or not number % 5]
    sent = office.database.shell(_ANSWER, mode="forward", numbers=chosen)
    forwards = {int(number): _html(base64.b64decode(raw)) for number, raw in sent.items()}
    recorder.asked.clear()
    page = chromium.browser.new_page()
    page.goto(f"http://127.0.0.1:{recorder.port}/bare")
    for number, nodes in page.evaluate(_SHOW_BARE, forwards).items():
        assert not [one for one in judge(nodes) if "o_message_quote" not in one], _words(table[int(number)])
        assert (f"{HOST}/{number}" in re.sub(r"href=\"[^\"]*\"|>[^<]*<", "", forwards[int(number)])) <= (
            table[int(number)].picture or table[int(number)].maybe
        ), _words(table[int(number)])
    assert page.evaluate("ran") == []
    assert {int(line.split()[1].lstrip("/").split("%")[0]) for line in recorder.asked} <= {
        number for number, vector in table.items() if vector.picture or vector.maybe
    }
    page.close()


def test_a_bare_program_would_have_run_it(recorder, table, chromium):
    """The control: what the tests before show to be harmless is not so by itself."""
    recorder.asked.clear()
    page = chromium.browser.new_page()
    page.goto(f"http://127.0.0.1:{recorder.port}/bare")
    tried = {
        vector.number: vector.html
        for vector in table.values()
        if vector.group in ("scripts", "handlers", "mutations", "svg and mathml")
    }
    page.evaluate(_SHOW_BARE, tried)
    assert len(set(page.evaluate("ran"))) > 20
    assert len({line.split()[1] for line in recorder.asked}) > 5
    page.close()


def test_the_words_of_a_sender_are_words_at_the_desk(office, chromium, recorder):
    """Name, subject, text and file name, in the list, the pane, the page's title, and what is said at the edge."""
    name, subject, file = (
        "<img src=x onerror=canary(1)>",
        "<b>bold</b><script>canary(2)</script> subject",
        "<img src=x onerror=canary(3)>.pdf",
    )
    office.arrives(
        subject,
        "<img src=x onerror=canary(4)> the text",
        sender=f'"{name}" <words@canary.example>',
        html=f"<p>With a picture</p><img src='http://{HOST}/words'>",
        attachment=(file, b"%PDF-1.4"),
    )
    clerk = _sit_down(chromium, office).open_inbox()
    page = clerk.page
    page.evaluate("window.ran = []; window.canary = (n) => ran.push(n); 0")
    recorder.asked.clear()
    clerk.open("subject")
    assert subject in page.inner_text(".o_messages_subject")
    for words in (name, file):
        assert words in page.inner_text(".o_messages_pane"), words
    assert name in page.inner_text(".o_data_row:has-text('subject')")
    assert recorder.asked == []
    page.click(".o_messages_pictures button:has-text('Show Pictures')")
    wait_until(lambda: recorder.asked, 20, "the picture that the reader wants")
    assert {line.split()[1] for line in recorder.asked} == {"/words"}
    assert not page.locator("img[src='x'], .o_messages_row b:has-text('bold'), .o_messages_pane script").count()
    assert page.evaluate("ran") == []
    clerk.close()


def test_no_name_was_looked_up_in_advance(chromium):
    """Last, since it closes the browser: a name that is looked up tells the sender as much as a picture."""
    names = chromium.names()
    assert any(HOST in name for name in names), "the control: names are on record"
    assert not [name for name in names if re.search(r"dns\d|x\.canary|bank|elsewhere", name)]

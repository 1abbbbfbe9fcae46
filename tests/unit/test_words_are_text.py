"""Every place where a text becomes mark-up is listed here, with the reason why it may; a new one fails."""

import ast
import re
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
ADDONS = sorted(path.parent for path in REPO.glob("*/__manifest__.py"))

#: Calls of Markup whose argument is no text written here, and what made it safe.
MADE_MARKUP = {
    ("message_history/models/message_content.py", "Markup(quoted)"): "made of what lib/markup_rules.py allows",
}
#: Fields of mark-up, ours and core's that we write, by (file, name): who writes them, and what escapes it.
MARKUP_FIELDS = {
    ("message_history/models/message_draft.py", "body"): "the clerk's own editor; sanitised when written",
    ("fetchmail_gateway_demo/models/message_demo_request.py", "description"): "sanitised when written",
    ("fetchmail_gateway_demo/models/message_demo_note.py", "body"): "sanitised when written",
}
#: Values for fields of mark-up in calls and dictionaries of ours.
WRITTEN = {
    ("message_history/models/message_alarm.py", "note=_as_text(problem)"): "escaped",
    (
        "message_history/models/message_alarm.py",
        "note=Markup('<p>%s</p><ul>%s</ul>') % (text, lines)",
    ): "Markup's own % escapes",
    (
        "message_history/models/message_channel_trust.py",
        "body_html=self.env._('<p>This mail shows how your mail server marks what it has checked.</p>')",
    ): "written here",
    ("message_history/models/message_alarm.py", "note=note"): "escaped by _as_text, or Markup's own format",
    (
        "message_history/models/message_conversation_merge.py",
        "body=said",
    ): "message_post escapes a text",
    ("message_history/models/message_draft_send.py", "body=self.body or ''"): "the draft's own mark-up, sanitised",
    ("message_history/models/message_noted.py", "feedback=feedback"): "handed on; core escapes it",
    ("message_history/models/message_alarm.py", "feedback=self.env._('All is well again.')"): "written here",
    (
        "message_history/models/message_desk.py",
        "body=str(message_sudo.body or '')",
    ): "for the browser; see note_card.js",
    (
        "message_history/models/message_desk.py",
        "body=display.html",
    ): "for the frame; made of what lib/markup_rules.py allows",
    ("message_history/models/message_draft.py", "body=str(self.body or '')"): "for the browser; see composer.js",
    (
        "message_history/models/message_draft_suggest.py",
        "body=self._signature(mode)",
    ): "for the browser; see composer.js",
    ("fetchmail_gateway_demo/models/message_demo_request.py", "body=msg_dict.get('body')"): "sanitised when written",
    ("smtp_outbox/models/ir_mail_server.py", "body_html=self.env._('<p>This mail server works.</p>')"): "written here",
    (
        "smtp_outbox/models/message_request.py",
        "body_html=self._prepare_body(message, subtype)",
    ): "the caller's mail: a text is escaped, mark-up of who isn't the superuser is sanitised",
    ("smtp_outbox/models/message_draft.py", "body=body"): "the draft's own mark-up, sanitised",
    (
        "smtp_outbox/models/message_draft.py",
        "body_html=f'{body}{self._quoted()}'",
    ): "sanitised, and lib/markup_rules.py",
}
#: In the browser: markup(), t-out and the like, with what made it safe.
IN_BROWSER = {
    (
        "message_history/static/src/composer/composer.js",
        'markup(this.state.draft.body || "<p><br></p>")',
    ): "the user's own draft, sanitised when written",
    (
        "message_history/static/src/composer/typed.js",
        "holder.innerHTML}</p>`;",
    ): "read, after textContent was set: escapes",
    (
        "message_history/static/src/composer/merging.js",
        "node.outerHTML ?? escapeText(node.textContent), words: wordsOf(node) }));",
    ): "read, of the user's own draft, parsed in a document that is not shown",
    (
        "message_history/static/src/pane/note_card.js",
        "markup(this.props.note.body)",
    ): "a message of the chatter, sanitised by core",
    ("message_history/static/src/pane/note_card.xml", 't-out="body"'): "the same",
    (
        "message_history/static/src/pane/message_body.js",
        "parsed.body.innerHTML;",
    ): "read, of lib/markup_rules.py's mark-up",
}
_KEYS = {"note", "body", "body_html", "body_arch", "comment", "description_html", "feedback", "signature"}


def sources(*suffixes):
    for addon in ADDONS:
        for path in sorted(addon.rglob("*")):
            inside = path.relative_to(addon).parts
            if path.suffix in suffixes and "tests" not in inside and "lib" not in inside[-2:-1]:
                yield path.relative_to(REPO).as_posix(), path


def _calls(tree, name):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == name:
            yield node


def _is_written_here(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_mark_up_is_made_of_texts_that_stand_in_the_code():
    found = {}
    for name, path in sources(".py"):
        for call in _calls(ast.parse(path.read_text()), "Markup"):
            if not all(map(_is_written_here, call.args)):
                found[name, ast.unparse(call)] = path
    assert set(found) == set(MADE_MARKUP)


def test_mark_up_takes_values_by_its_own_format():
    """``Markup % value`` and ``Markup.format`` escape; a format of the text before it becomes mark-up does not."""
    for name, path in sources(".py"):
        for call in _calls(ast.parse(path.read_text()), "Markup"):
            assert not any(isinstance(one, ast.JoinedStr | ast.BinOp | ast.Call) for one in call.args), (
                f"{name}: {ast.unparse(call)}"
            )


def test_fields_of_mark_up_are_known():
    found = set()
    for name, path in sources(".py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.value, ast.Call)
                and ast.unparse(node.value.func) == "fields.Html"
            ):
                found.add((name, node.targets[0].id))
    assert found == set(MARKUP_FIELDS)


def test_what_is_written_into_fields_of_mark_up_is_known():
    found = set()
    for name, path in sources(".py"):
        if "/models/" not in name and "/wizard/" not in name:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            pairs = []
            if isinstance(node, ast.Call):
                pairs = [(one.arg, one.value) for one in node.keywords]
            elif isinstance(node, ast.Dict):
                pairs = [
                    (getattr(key, "value", None), value) for key, value in zip(node.keys, node.values, strict=True)
                ]
            found |= {
                (name, f"{key}={ast.unparse(value)}")
                for key, value in pairs
                if isinstance(key, str) and key in _KEYS and not _is_none(value)
            }
    assert found == set(WRITTEN)


def _is_none(value):
    return isinstance(value, ast.Constant) and not value.value


def test_mark_up_in_the_browser_is_known():
    signs = re.compile(
        r"""(?<![\w.])markup\([^\n]*?\)(?=[,;])|\bt-(?:out|raw)="[^"]*"|[\w.]*(?:inner|outer)HTML[^\n]*;?"""
        r"""|insertAdjacentHTML[^\n]*|document\.write[^\n]*|createContextualFragment[^\n]*|\beval\([^\n]*"""
    )
    found = {(name, match[0]) for name, path in sources(".js", ".xml") for match in signs.finditer(path.read_text())}
    assert found == set(IN_BROWSER)

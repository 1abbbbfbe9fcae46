"""The table of hostile mark-up (``data/hostile_markup.txt``), and what may be in mark-up that is shown or sent.

What may be is written down here once more, apart from the code that cleans: a test that took its list from
there would say that the code does what it does.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import lxml.html

TABLE = Path(__file__).parent / "data" / "hostile_markup.txt"
HOST = "canary.example"
_CHARACTERS = {"{nul}": "\0", "{lf}": "\n", "{cr}": "\r", "{tab}": "\t", "{ff}": "\f"}
_ELEMENTS = frozenset(re.findall(r"\S+", """
    a abbr acronym address area article aside b bdi big blockquote body br caption center cite code col colgroup dd
    del details dfn dir div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 head header hr html i img ins
    kbd li main map mark menu nav ol p pre q rp rt ruby s samp section small span strike strong sub summary sup
    table tbody td tfoot th thead tr tt u ul var wbr
"""))
_ATTRIBUTES = frozenset(re.findall(r"\S+", """
    abbr align alt axis background bgcolor border bordercolor cellpadding cellspacing char class clear color colspan
    coords dir face frame height href hspace id lang name noshade nowrap open rel reversed role rowspan rules scope
    shape size span src start style summary target title type usemap valign value vspace width data-o-mail-quote
    data-o-mail-quote-node data-leads-to data-held-src data-held-background data-held-style
"""))
_LINK = re.compile(r"https?://[^\s@\\/]+([/?#]|$)|mailto:|tel:\+?[\d()./ -]+$|#m-")
_PICTURE = re.compile(r"/message_history/part/\d+/\d+$|data:image/(png|gif|jpeg);base64,|https?://[^\s@\\/]+([/?#]|$)")
_STYLE_URL = re.compile(r"url\('https?://[^'()\\\s]+'\)")
_BAD_STYLE = re.compile(
    r"[\\<>{}@]|url|expression|image[-(]|position: ?(fixed|absolute|sticky)|behavior|binding|/\*", re.I
)
_CLASSES = {"o_quote", "o_message_quote", "gmail_quote", "gmail_signature", "moz-cite-prefix", "yahoo_quoted"}


@dataclass(frozen=True)
class Vector:
    """One try.

    :param picture: an ordinary picture, which is loaded when the reader wants pictures
    :param maybe: one that may be or not
    """

    number: int
    group: str
    html: str
    picture: bool
    maybe: bool

    @property
    def name(self):
        """What a failure is called by."""
        return f"{self.number} ({self.group}): {self.html!r}"


def vectors(port=80):
    """Return the table; its addresses lead to the recording server ``canary.example``, with the number as path."""
    found, group = [], ""
    for line in TABLE.read_text().splitlines():
        if line.startswith("== "):
            group = line[3:]
        if not line.strip() or line.startswith(("#", "== ")):
            continue
        number, picture, maybe = len(found) + 1, line.startswith("+"), line.startswith("?")
        html = line[1:] if picture or maybe else line
        for sign, text in {
            "{u}": f"http://{HOST}/{number}",
            "{h}": f"{HOST}/{number}",
            "{j}": f"parent.canary({number})",
            "{n}": str(number),
            "{port}": str(port),
            **_CHARACTERS,
        }.items():
            html = html.replace(sign, text)
        found.append(Vector(number, group, html, picture, maybe))
    return found


def faults(html):
    """Return what is in mark-up that may not be there; parsed by libxml2 (Chromium's parser: :data:`WALK`)."""
    root = lxml.html.fragment_fromstring(html or "<p></p>", create_parent="div")
    return judge([[node.tag if isinstance(node.tag, str) else "#comment", dict(node.attrib)] for node in root.iter()])


#: For Chromium: ``[[element, {attribute: value}]]`` of a document; foreign elements and comments are named as such.
WALK = """(root) => {
    const attributesOf = Object.getOwnPropertyDescriptor(Element.prototype, "attributes").get; // not to be hidden
    const found = [], walker = document.createTreeWalker(root, NodeFilter.SHOW_ALL & ~NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (node.nodeType !== 1) { found.push(["#" + node.nodeType, {}]); continue; }
        const html = node.namespaceURI === "http://www.w3.org/1999/xhtml";
        found.push([html ? node.localName : "foreign:" + node.localName,
            Object.fromEntries([...attributesOf.call(node)].map((one) => [one.name, one.value]))]);
    }
    return found;
}"""


def judge(nodes):
    """Return what is wrong with the nodes of a document (:data:`WALK`)."""
    wrong = []
    for tag, attributes in nodes:
        if tag not in _ELEMENTS:
            wrong.append(f"<{tag}>")
        wrong += [f"<{tag} {name}={value!r}>" for name, value in attributes.items() if not _is_good(tag, name, value)]
    return wrong


def _is_good(tag, name, value):
    plain = name.removeprefix("data-held-")
    if name not in _ATTRIBUTES:
        return False
    if plain == "href":
        return tag in ("a", "area") and bool(_LINK.match(value)) and "attach=" not in value
    if plain in ("src", "background"):
        return (tag == "img") == (plain == "src") and bool(_PICTURE.match(value))
    if plain == "style":
        return not _BAD_STYLE.search(_STYLE_URL.sub("", value)) and not re.search(r"(?<![#\w])\d{5}|-\d{3}", value)
    if name in ("id", "name"):
        return value.startswith("m-") or value in ("divRplyFwdMsg", "appendonsend")
    if name == "class":
        return set(value.split()) <= _CLASSES
    if name == "target":
        return value == "_blank"
    if name in ("width", "height", "border"):
        return len(value.strip("%px")) <= 6
    return True

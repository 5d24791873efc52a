"""A page as a light tree of Python objects, bounded in size and depth.

Lexbor (through resiliparse) does the HTML5 parsing with all its repairs. Walking its tree from Python costs about 4 µs
a node, because every step makes a wrapper object; so the parsed tree is serialised once (fast, in C) and scanned with
one regular expression, which the regular output of an HTML5 serialiser allows. On crawl pages this is twice as fast.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

from resiliparse.parse.html import HTMLTree

MAX_HTML_CHARS = 4_000_000
MAX_NODES = 200_000
MAX_DEPTH = 120
"""Deeper elements are kept, but flattened into the element at this depth."""
MAX_ATTRIBUTE_CHARS = 100_000
"""Attributes of one element; longer ones are dropped (images in `data:` addresses)."""
MAX_ATTRIBUTES = 1000
LONG_TAG_CHARS = 8000

_TOKEN = re.compile(
    r"<(?:/([^\s>]+)>|([a-zA-Z][^\s>/]*)((?: =?[^\s=>]+=\"[^\"]*\")*)>|!--.*?-->|![^>]*>)|([^<]+)|<", re.S
)
_ATTRIBUTE = re.compile(r" (=?[^\s=>]+)=\"([^\"]*)\"")
# Lexbor compares every attribute of a tag with all before it: a million of them would take minutes. This pattern always
# matches once a tag has begun, so that a tag that never ends is scanned once.
_LONG_TAG = re.compile(r"<([a-zA-Z][^\s>/]{0,40})((?>(?:[^>=]+|=\s{0,9}\"[^\"]*\"|=\s{0,9}'[^']*'|=)*))>?")
_RAW_ATTRIBUTE = re.compile(r"[^\s\"'>/=]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>\"']+))?")
_VOID = frozenset(
    "area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr".split()
)
_RAW_TEXT = frozenset("script style xmp iframe noembed noframes".split())
_UNREAD = frozenset("style iframe noembed noframes".split())
# Process-internal noncharacters mark formulas and markup in running text later on; none may come in from outside.
_NONCHARACTERS = re.compile("[\ufdd0-\ufdef\ufffe\uffff\0]")


_NO_NAMES: frozenset[str] = frozenset()


class Leaf:
    """Something in the tree that is neither markup nor text; formulas are leaves."""

    __slots__ = ()


class Element:
    """An element: lower-case tag without namespace prefix, attributes, children (elements, leaves and strings)."""

    # No reference to the parent: without cycles a page's tree is freed at once when the page is done.
    __slots__ = ("tag", "source", "children", "_attrs", "_classes")

    def __init__(self, tag: str, source: str = "") -> None:
        self.tag = tag
        self.source = source
        """The attributes as the serialiser wrote them; '' means that there are none."""
        self.children: list[Element | Leaf | str] = []
        self._attrs: dict[str, str] | None = None
        self._classes: frozenset[str] | None = None

    @property
    def attrs(self) -> dict[str, str]:
        """Attributes by name, read when first asked for: most elements are never asked."""
        if self._attrs is None:
            self._attrs = _attributes(self.source)
        return self._attrs

    @property
    def classes(self) -> frozenset[str]:
        """The class names, as written."""
        if self._classes is None:
            self._classes = frozenset(self.attrs.get("class", "").split()) if self.source else _NO_NAMES
        return self._classes

    def elements(self) -> list[Element]:
        """The child elements."""
        return [child for child in self.children if isinstance(child, Element)]

    def walk(self) -> Iterator[Element]:
        """This element and all below it, in document order."""
        stack = [self]
        while stack:
            element = stack.pop()
            yield element
            stack.extend(child for child in reversed(element.children) if isinstance(child, Element))

    def text(self) -> str:
        """All text below, as it stands."""
        parts: list[str] = []
        stack: list[Element | Leaf | str] = [self]
        while stack:
            node = stack.pop()
            if isinstance(node, str):
                parts.append(node)
            elif isinstance(node, Element):
                stack.extend(reversed(node.children))
        return "".join(parts)

    def find(self, tag: str) -> Element | None:
        """The first element below with this tag."""
        return next((element for element in self.walk() if element.tag == tag and element is not self), None)


@dataclass(frozen=True)
class Dom:
    """A parsed page; `over_limit` says that a bound cut or flattened it."""

    root: Element
    elements: list[Element]
    """Every element in document order."""
    over_limit: bool


def parse_html(html: str) -> Dom:
    """The tree of a page or fragment, with `html`, `head` and `body`. Never raises on any string."""
    over_limit = len(html) > MAX_HTML_CHARS
    if over_limit:
        html = html[:MAX_HTML_CHARS]
    if _NONCHARACTERS.search(html):
        html = _NONCHARACTERS.sub("\ufffd", html)
    html, flooded = _without_attribute_floods(html)
    html = html.encode("utf-8", "replace").decode("utf-8")  # lone surrogates cannot enter the parser
    document = HTMLTree.parse(html).document
    return _scan(document.html if document is not None else "", over_limit or flooded)


def _without_attribute_floods(html: str) -> tuple[str, bool]:
    """The page with tags of more than MAX_ATTRIBUTES attributes made bare, and whether there were any."""
    if max(map(len, html.split("<"))) < LONG_TAG_CHARS and len(html) < LONG_TAG_CHARS * 4:
        return html, False
    out: list[str] = []
    kept = 0
    for tag in _LONG_TAG.finditer(html):
        if tag.end() - tag.start() < LONG_TAG_CHARS:
            continue
        if sum(1 for _ in _RAW_ATTRIBUTE.finditer(tag[2])) > MAX_ATTRIBUTES:
            out += [html[kept : tag.start()], f"<{tag[1]}>"]
            kept = tag.end()
    if not out:
        return html, False
    return "".join([*out, html[kept:]]), True


def _scan(markup: str, over_limit: bool) -> Dom:
    root = current = Element("#document")
    open_tags: list[tuple[str, Element]] = [("#document", root)]
    elements: list[Element] = []
    raw_until = 0
    for token in _TOKEN.finditer(markup):
        if raw_until and token.start() < raw_until:
            continue
        end_tag, tag, attributes, text = token.groups()
        if text is not None:
            current.children.append(unescape(text) if "&" in text else text)
        elif end_tag is not None:
            if len(open_tags) > 1 and open_tags[-1][0] == end_tag:
                open_tags.pop()
                current = open_tags[-1][1]
            else:
                current = _closed(open_tags, end_tag)
        elif tag is not None:
            if len(elements) >= MAX_NODES:
                return Dom(root, elements, True)
            if len(attributes) > MAX_ATTRIBUTE_CHARS:
                over_limit, attributes = True, ""
            element = Element(_local_name(tag) if ":" in tag else tag, attributes)
            elements.append(element)
            current.children.append(element)
            if tag in _RAW_TEXT:
                raw_until = _read_raw(markup, token.end(), tag, element)
            elif tag not in _VOID:
                if len(open_tags) < MAX_DEPTH:
                    current = element
                else:
                    over_limit = True
                open_tags.append((tag, current))
    return Dom(root, elements, over_limit)


def _closed(open_tags: list[tuple[str, Element]], tag: str) -> Element:
    """Close the innermost open element of this name; the serialiser nests well, so it is nearly always the last."""
    for back in range(1, min(len(open_tags), 9)):
        if open_tags[-back][0] == tag:
            del open_tags[-back:]
            break
    return open_tags[-1][1]


def _read_raw(markup: str, start: int, tag: str, element: Element) -> int:
    """Take text up to the end tag unparsed; returns where scanning goes on."""
    end = markup.find(f"</{tag}>", start)
    end = len(markup) if end < 0 else end
    if tag not in _UNREAD:
        element.children.append(markup[start:end])
    return end + len(tag) + 3


def _local_name(tag: str) -> str:
    """`mml:mi` -> `mi`: publishers prefix MathML, and HTML knows no prefixes."""
    return tag.rpartition(":")[2] or tag


def _attributes(source: str) -> dict[str, str]:
    if not source:
        return {}
    if "&" not in source:
        return dict(_ATTRIBUTE.findall(source))
    return {name: unescape(value) for name, value in _ATTRIBUTE.findall(source)}

"""A page's tree for Python: elements made from the table of nodes when somebody asks for them.

Most elements of a page are never asked for. What only counts or copies bytes works on the table itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from html import unescape
from types import MappingProxyType

import numpy as np
from resiliparse.parse.html import HTMLTree

from jobs.html.characters import Bytes
from jobs.html.nodes import BEGIN, COLUMNS, DISPLAYED, END, FOUND, KIND, LAST, MARKS, NAME_END, PARENT, Nodes, scan
from jobs.html.source_limits import most_attributes
from jobs.html.source_scan import serialised
from jobs.html.tags import NAMES, TAG, TEXT, UNKNOWN
from jobs.html.word_marks import RENDERED

MAX_HTML_CHARS = 4_000_000
MAX_ATTRIBUTES = 1000
FLOOD_CHARS = 65_536
"""Shorter pages have no room for so many attributes that comparing them costs more than a tenth of a second."""
MAX_CACHED_CHARS = 300
"""Attributes of up to this length are read once for all elements that carry the same."""

_ATTRIBUTE = re.compile(r" (=?[^\s=>]+)=\"([^\"]*)\"")
# Lexbor compares every attribute of a tag with all before it: a million of them would take minutes. This pattern always
# matches once a tag has begun, so that a tag that never ends is scanned once.
_LONG_TAG = re.compile(r"<([a-zA-Z][^\s>/]{0,40})((?>(?:[^>=]+|=\s{0,9}\"[^\"]*\"|=\s{0,9}'[^']*'|=)*))>?")
_RAW_ATTRIBUTE = re.compile(r"[^\s\"'>/=]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>\"']+))?")
# Process-internal noncharacters mark formulas and markup in running text later on; none may come in from outside.
_NONCHARACTERS = re.compile(rb"\xef(?:\xb7[\x90-\xaf]|\xbf[\xbe\xbf])")
_NO_NAMES: frozenset[str] = frozenset()
_NO_ATTRIBUTES: Mapping[str, str] = MappingProxyType({})


NOTHING = -1
"""In the place of an element that is not printed."""


class Element:
    """An element: lower-case tag without namespace prefix, attributes, children (elements and strings)."""

    # No reference to the parent: without cycles a page's tree is freed at once when the page is done.
    __slots__ = ("tag", "source", "_dom", "_node", "_children")

    def __init__(self, dom: Dom, node: int) -> None:
        base = node * COLUMNS
        cells = dom.cells
        kind = cells[base + KIND]
        name_end, end = cells[base + NAME_END], cells[base + END]
        self.tag = NAMES[kind] if kind != UNKNOWN else dom.markup[cells[base + BEGIN] : name_end].decode()
        self.source = dom.markup[name_end:end].decode() if end > name_end else ""
        """The attributes as the serialiser wrote them; '' means that there are none."""
        self._dom = dom
        self._node = node
        self._children: list[Element | str] | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Element) and self._node == other._node and self._dom is other._dom

    def __hash__(self) -> int:
        return hash(self._node)

    @property
    def children(self) -> list[Element | str]:
        """Elements and texts in order."""
        if self._children is None:
            self._children = self._dom.children(self._node)
        return self._children

    @property
    def parent(self) -> Element:
        """The element around this one."""
        return Element(self._dom, self._dom.parent_of(self._node))

    @property
    def attrs(self) -> Mapping[str, str]:
        """Attributes by name."""
        return attributes(self.source)

    @property
    def classes(self) -> frozenset[str]:
        """The class names, as written."""
        source = self.source
        if not source:
            return _NO_NAMES
        return _classes(source) if len(source) <= MAX_CACHED_CHARS else frozenset(self.attrs.get("class", "").split())

    def elements(self) -> list[Element]:
        """The child elements."""
        return [child for child in self.children if isinstance(child, Element)]

    def walk(self) -> Iterator[Element]:
        """This element and all below it, in document order."""
        yield self
        dom, cells = self._dom, self._dom.cells
        for node in range(self._node + 1, cells[self._node * COLUMNS + LAST]):
            if cells[node * COLUMNS] >= UNKNOWN:
                yield Element(dom, node)

    def named(self, tag: str) -> Iterator[Element]:
        """All elements below with a tag that `html_tags` names."""
        dom, cells, number = self._dom, self._dom.cells, TAG[tag]
        for node in range(self._node + 1, cells[self._node * COLUMNS + LAST]):
            if cells[node * COLUMNS] == number:
                yield Element(dom, node)

    def text(self) -> str:
        """All text below, as it stands."""
        return self._dom.text(self._node)

    def find(self, tag: str) -> Element | None:
        """The first element below with this tag."""
        return self._dom.first(tag, self._node + 1, self._dom.cells[self._node * COLUMNS + LAST])

    def outer(self) -> str:
        """The markup of this element as the serialiser wrote it, and what follows up to the next node."""
        dom, cells = self._dom, self._dom.cells
        last = cells[self._node * COLUMNS + LAST]
        end = cells[last * COLUMNS + BEGIN] if last < len(dom.nodes) else len(dom.markup)
        return "<" + dom.markup[cells[self._node * COLUMNS + BEGIN] : end].decode("utf-8", "replace")

    def size(self) -> int:
        """Nodes below, texts included."""
        return self._dom.cells[self._node * COLUMNS + LAST] - self._node - 1

    def holds(self, word: bytes) -> bool:
        """Whether the markup of this element, attributes and all, holds a word: much cheaper than a walk."""
        return self._dom.holds(self._node, word)


class Dom:
    """A parsed page."""

    def __init__(self, markup: bytes, nodes: Nodes, candidates: list[int], places: list[int], over_limit: bool) -> None:
        self.markup = markup
        """The page as the parser serialised it, UTF-8."""
        self.nodes = nodes
        self.cells = nodes.data.cast("B").cast("i")
        """The same numbers, row by row: reading one from Python is much cheaper here."""
        self.candidates = candidates
        """The nodes that a name marks as a possible formula, outside code, in document order."""
        self.body, self.title, *self.renderer_scripts = places
        """Nodes: the body, the title (0 if there is none), scripts that may name a formula renderer."""
        self.over_limit = over_limit
        """A bound cut or flattened the page."""

    @property
    def root(self) -> Element:
        """The document, with `html`, `head` and `body` below."""
        return Element(self, 0)

    def array(self) -> Bytes:
        """The markup as an array."""
        return np.frombuffer(self.markup, dtype=np.uint8)

    def children(self, node: int) -> list[Element | str]:
        """The children of a node."""
        cells = self.cells
        found: list[Element | str] = []
        child, last = node + 1, cells[node * COLUMNS + LAST]
        while child < last:
            base = child * COLUMNS
            found.append(Element(self, child) if cells[base + KIND] >= UNKNOWN else self._text(base))
            child = cells[base + LAST]
        return found

    def _text(self, base: int) -> str:
        cells = self.cells
        text = self.markup[cells[base + BEGIN] : cells[base + END]].decode()
        return unescape(text) if "&" in text and cells[base + KIND] == TEXT else text

    def text(self, node: int) -> str:
        """All text below a node, as it stands."""
        cells = self.cells
        parts = [
            self._text(base)
            for base in range((node + 1) * COLUMNS, cells[node * COLUMNS + LAST] * COLUMNS, COLUMNS)
            if cells[base + KIND] < UNKNOWN
        ]
        return "".join(parts)

    def first(self, tag: str, node: int = 0, last: int | None = None) -> Element | None:
        """The first element with this tag from `node` on and before `last`."""
        cells, last = self.cells, len(self.nodes) if last is None else last
        number = TAG.get(tag, UNKNOWN)
        for at in range(node, last):
            if cells[at * COLUMNS + KIND] == number:
                element = Element(self, at)
                if element.tag == tag:
                    return element
        return None

    # --- where formulas may stand ---

    def displayed(self, node: int) -> bool:
        """Whether the node stands inside an element that shows its formula on a line of its own."""
        return bool(self.cells[node * COLUMNS + MARKS] & DISPLAYED)

    def is_rendered(self, node: int) -> bool:
        """Whether a class names what MathJax 2 drew."""
        return bool(self.cells[node * COLUMNS + MARKS] & RENDERED)

    def last(self, node: int) -> int:
        """The node after everything below `node`."""
        return self.cells[node * COLUMNS + LAST]

    def parent_of(self, node: int) -> int:
        """The node around a node."""
        return self.cells[node * COLUMNS + PARENT]

    def following(self, node: int, most: int) -> Iterator[Element | str]:
        """The siblings behind a node, `most` of them."""
        cells = self.cells
        end = cells[cells[node * COLUMNS + PARENT] * COLUMNS + LAST]
        at = cells[node * COLUMNS + LAST]
        while at < end and most > 0:
            base = at * COLUMNS
            yield Element(self, at) if cells[base + KIND] >= UNKNOWN else self._text(base)
            at = cells[base + LAST]
            most -= 1

    def holds(self, node: int, word: bytes) -> bool:
        """Whether the markup of a node and all below it holds a word."""
        last = self.cells[node * COLUMNS + LAST]
        end = self.cells[last * COLUMNS + BEGIN] if last < len(self.nodes) else len(self.markup)
        return self.markup.find(word, self.cells[node * COLUMNS + BEGIN], end) >= 0

    def replace(self, node: int, formula: int) -> None:
        """Put the `formula`-th formula (from 1) in the place of a node and all below it; NOTHING: none."""
        self.nodes[node, FOUND] = formula


def parse_html(html: str) -> Dom:
    """The tree of a page or fragment, with `html`, `head` and `body`. Never raises on any string."""
    over_limit = len(html) > MAX_HTML_CHARS
    if over_limit:
        html = html[:MAX_HTML_CHARS]
    try:
        markup, flooded = _nested_well(html), False
        if markup is None:
            markup, flooded = _repaired(html)
    except UnicodeEncodeError:  # lone surrogates cannot enter the parser
        return parse_html(html.encode("utf-8", "replace").decode())
    nodes, candidates, places, cut = scan(np.frombuffer(markup, dtype=np.uint8))
    return Dom(markup, nodes, candidates.tolist(), places.tolist(), bool(over_limit or flooded or cut))


def _nested_well(html: str) -> bytes | None:
    """The serialised tree of a page whose source needs no repair; None if it may need some."""
    page = html.encode()
    if b"\r" in page:
        page = page.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\0" in page or b"\xef" in page and (page.startswith(b"\xef\xbb\xbf") or _NONCHARACTERS.search(page)):
        return None
    markup, sure = serialised(np.frombuffer(page, dtype=np.uint8))
    return markup.tobytes() if sure else None


def _repaired(html: str) -> tuple[bytes, bool]:
    """The serialised tree that Lexbor makes of any page; whether tags of too many attributes were made bare."""
    html, flooded = _without_attribute_floods(html)
    document = HTMLTree.parse(html).document
    markup = document.html.encode() if document is not None else b""
    if b"\xef" in markup and (b"\xef\xb7" in markup or b"\xef\xbf" in markup):
        markup = _NONCHARACTERS.sub("\ufffd".encode(), markup)
    return markup, flooded


def _without_attribute_floods(html: str) -> tuple[str, bool]:
    """The page with tags of more than MAX_ATTRIBUTES attributes made bare, and whether there were any."""
    if len(html) < FLOOD_CHARS:
        return html, False
    if most_attributes(np.frombuffer(html.encode(), dtype=np.uint8)) <= MAX_ATTRIBUTES:
        return html, False
    out: list[str] = []
    kept = 0
    for tag in _LONG_TAG.finditer(html):
        if tag.end() - tag.start() < 2 * MAX_ATTRIBUTES:
            continue
        if sum(1 for _ in _RAW_ATTRIBUTE.finditer(tag[2])) > MAX_ATTRIBUTES:
            out += [html[kept : tag.start()], f"<{tag[1]}>"]
            kept = tag.end()
    if not out:
        return html, False
    return "".join([*out, html[kept:]]), True


def attributes(source: str) -> Mapping[str, str]:
    """Attributes by name, from what the serialiser wrote between a tag's name and its end."""
    if not source:
        return _NO_ATTRIBUTES
    return _known_attributes(source) if len(source) <= MAX_CACHED_CHARS else _read_attributes(source)


# The same attributes stand on thousands of elements: renderers place every glyph by a class.
@lru_cache(maxsize=4096)
def _known_attributes(source: str) -> Mapping[str, str]:
    return _read_attributes(source)


def _read_attributes(source: str) -> Mapping[str, str]:
    if "&" not in source:
        return MappingProxyType(dict(_ATTRIBUTE.findall(source)))
    return MappingProxyType({name: unescape(value) for name, value in _ATTRIBUTE.findall(source)})


@lru_cache(maxsize=4096)
def _classes(source: str) -> frozenset[str]:
    return frozenset(attributes(source).get("class", "").split())


__all__ = ["Dom", "Element", "attributes", "parse_html"]

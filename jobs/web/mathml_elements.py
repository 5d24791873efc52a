"""Presentation MathML made anew from what a renderer drew: the elements, and glyphs joined to characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from html import unescape
from typing import Protocol

from jobs.web.dom import attributes

MAX_GLYPH_NODES = 8000
MAX_DEPTH = 100
"""Deeper formulas are not converted."""

_PIECE = re.compile(r"<(/?)([a-zA-Z][^\s>/]*)((?: [^\s=>]+=\"[^\"]*\")*)>|<!--(?:.*?)-->|([^<]+)", re.S)
_VOID = frozenset(("br", "img", "hr", "wbr", "input"))


class MathNode(Protocol):
    """What the conversion of MathML needs of an element: one of a page, or one made here."""

    tag: str

    @property
    def attrs(self) -> Mapping[str, str]: ...

    @property
    def children(self) -> Sequence[MathNode | str]: ...

    def elements(self) -> Sequence[MathNode]: ...

    def walk(self) -> Iterator[MathNode]: ...

    def text(self) -> str: ...

    def size(self) -> int: ...


class MathElement:
    """A MathML element that no page holds, or an element of a page that was read in one go with all below it."""

    __slots__ = ("tag", "attrs", "children", "_elements")

    def __init__(self, tag: str, attrs: Mapping[str, str], children: Sequence[MathElement | str]) -> None:
        self.tag = tag
        self.attrs = attrs
        self.children = children
        self._elements: list[MathElement] | None = None

    @property
    def classes(self) -> frozenset[str]:
        """The class names, as written."""
        return frozenset(self.attrs.get("class", "").split())

    def elements(self) -> list[MathElement]:
        """The child elements."""
        if self._elements is None:
            self._elements = [child for child in self.children if not isinstance(child, str)]
        return self._elements

    def walk(self) -> Iterator[MathElement]:
        """This element and all below it, in document order."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.elements()))

    def find(self, tag: str) -> MathElement | None:
        """The first element below with this tag."""
        return next((inner for inner in self.walk() if inner.tag == tag and inner is not self), None)

    def size(self) -> int:
        """Nodes below, texts included."""
        return sum(1 if isinstance(child, str) else 1 + child.size() for child in self.children)

    def text(self) -> str:
        """All text below."""
        if len(self.children) == 1 and isinstance(self.children[0], str):
            return self.children[0]
        return "".join([child if isinstance(child, str) else child.text() for child in self.children])


# The pieces that long fences, braces, bars and arrows are put together from, by the whole that they belong to.
_PIECES = {
    piece: whole
    for whole, pieces in {
        "(": "⎛⎜⎝",
        ")": "⎞⎟⎠",
        "[": "⎡⎢⎣",
        "]": "⎤⎥⎦",
        "{": "⎧⎨⎩⎪",
        "}": "⎫⎬⎭",
    }.items()
    for piece in pieces
}
_BRACE_PIECES = "\ue150\ue151\ue152\ue153\ue154\ue155\ue156"
_BARS = "∣∥|‖⏐"
_ARROWS = "→←↔⇒⇐⇔⇀⇁↼↽"
_LINE_PIECES = "\u2013\u2212\u00af\u0305\u203e\u2015\u23af\u23d0"


def read_mathml(markup: str) -> MathElement | None:
    """The first element of well-nested markup as an HTML5 serialiser writes it; None if there is none.

    A formula asks every one of its elements for everything; reading them in one go is twice as fast as one by one.
    """
    root: MathElement | None = None
    siblings: list[MathElement | str] = []
    around: list[list[MathElement | str]] = []
    for closing, name, source, text in _PIECE.findall(markup):
        if text:
            siblings.append(unescape(text) if "&" in text else text)
        elif closing:
            siblings = around.pop()
            if not around:
                break
        elif name:
            inner: list[MathElement | str] = []
            made = MathElement(name.rpartition(":")[2] if ":" in name else name, attributes(source), inner)
            siblings.append(made)
            if name in _VOID:
                continue
            root = root or made
            if len(around) >= MAX_DEPTH:
                return None
            around.append(siblings)
            siblings = inner
    return root


def element(tag: str, children: Sequence[MathElement], **attributes: str) -> MathElement:
    """An element; attributes with an empty value are left out."""
    return MathElement(tag, {name: value for name, value in attributes.items() if value}, children)


def token(tag: str, text: str, font: str = "") -> MathElement:
    """A token element (`mi`, `mn`, `mo`, `mtext`). One upright ASCII letter was set upright on purpose."""
    if tag in ("mtext", "ms"):
        text = "".join(_plain(character) for character in text)
    elif tag == "mi" and not font and len(text) == 1 and text.isascii() and text.isalpha():
        font = "normal"
    return MathElement(tag, {"mathvariant": font} if font else {}, [text])


def table(rows: list[list[list[MathElement]]], aligned: bool) -> MathElement:
    """A table from the contents of its cells."""
    lines = [element("mtr", [element("mtd", cell) for cell in row]) for row in rows]
    return element("mtable", lines, columnalign="right left" if aligned else "")


def glyph_text(glyphs: list[str]) -> str:
    """The characters that glyphs stand for: one fence, brace, bar or arrow where they are pieces of one."""
    text = "".join(glyphs)
    if not text or text.isascii():
        return text
    if wholes := {_PIECES[piece] for piece in text if piece in _PIECES}:
        return "{" if "⎨" in text else "}" if "⎬" in text else min(wholes)
    if text[0] in _BRACE_PIECES:
        return "⏞" if text[0] == "\ue150" else "⏟"
    if text[0] in _BARS and text == text[0] * len(text):
        return text[0]
    if len(text) > 1 and all(piece in _LINE_PIECES or piece in _ARROWS for piece in text):
        arrows = [piece for piece in text if piece in _ARROWS]
        if "←" in arrows and "→" in arrows:
            return "↔"
        return arrows[0] if arrows else "¯"
    return text


def _plain(character: str) -> str:
    """𝐚 -> a inside text, where the compatibility form of the mathematical letters is the plain letter."""
    return unicodedata.normalize("NFKC", character) if 0x1D400 <= ord(character) <= 0x1D7FF else character

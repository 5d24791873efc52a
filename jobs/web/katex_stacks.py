"""How KaTeX stacks things: the entries of a `vlist`, each with its height over the base line."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from jobs.web.mathml_elements import MathElement

_TOP = re.compile(r"(?:^|;)\s*top:\s*(-?\d{1,4}(?:\.\d{1,40})?)em")
_HEIGHT = re.compile(r"(?:^|;)\s*height:\s*(\d{1,4}(?:\.\d{1,40})?)em")
UNSEEN = "\u200b\u200a \n"


class Entry(NamedTuple):
    height: float
    """Over the base line, em."""
    element: MathElement


@lru_cache(4096)
def _split(names: str) -> frozenset[str]:
    return frozenset(name.removeprefix("katex-") for name in names.split())


def names_of(element: MathElement) -> frozenset[str]:
    return _split(element.attrs.get("class", ""))


def entries_of(*elements: MathElement) -> list[Entry]:
    """The entries of the nearest vlist among or below some elements, highest first."""
    stack = list(elements)
    while stack:
        current = stack.pop(0)
        names = names_of(current)
        if "vlist" in names:
            found = []
            for entry in current.elements():
                top = _TOP.search(entry.attrs.get("style", ""))
                if top:
                    struts = (
                        _HEIGHT.search(e.attrs.get("style", "")) for e in entry.elements() if "pstrut" in names_of(e)
                    )
                    strut = next((float(height[1]) for height in struts if height), 0.0)
                    found.append(Entry(-float(top[1]) - strut, entry))
            return sorted(found, key=lambda entry: -entry.height)
        if names & {"vlist-t", "vlist-r"} or current in elements:
            stack = current.elements() + stack
    return []


def has_class(entry: Entry, name: str) -> bool:
    """Whether what the entry holds carries the class, not something further down."""
    return any(name in names_of(inner) for inner in entry.element.elements()) or name in names_of(entry.element)


def is_drawn(entry: Entry) -> bool:
    """Whether the entry is a picture."""
    return not entry.element.text().strip(UNSEEN) and any(inner.tag == "svg" for inner in entry.element.walk())


def base_of(entries: list[Entry]) -> Entry:
    full = [entry for entry in entries if not any(has_class(entry, name) for name in ("sizing", "scriptstyle"))]
    return min(full or entries, key=lambda entry: abs(entry.height))

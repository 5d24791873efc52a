"""Formulas in a page's markup: found before anything else looks at the page, and put in the tree as leaves.

One formula often stands in the page two to four times (source script, assistive MathML, rendered glyphs, fallback
image, preview). Twins are resolved by container and by neighbourhood, and the best source is kept:
TeX source > annotation > `alttext`, `alt`, `data-*` > presentational MathML > glyphs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from jobs.web.dom import NOTHING, Dom, Element
from jobs.web.formula_names import RENDERED
from jobs.web.formula_sources import formula_source
from jobs.web.page_config import PageConfig
from jobs.web.tex import CleanTex, normalise, well_formed, without_definitions


class Formula(NamedTuple):
    """A finished formula: clean TeX, its mode, and the kind of source it came from."""

    tex: str
    display: bool
    kind: str


@dataclass
class Ledger:
    """Formulas of a page by kind: seen in the page, printed into its text."""

    seen: Counter[str] = field(default_factory=Counter)
    printed: Counter[str] = field(default_factory=Counter)


_FORMULA_IMAGE = re.compile(
    r"\\|[Mm]ath|MATH|[Tt]e[Xx]|TEX|[Ee]quation|[Ff]ormula|codecogs|chart|upmath|s2cms|ql-img|ck12|[Ww]iris|data-eq|z-dn|alt=\"\$"
)
"""What every image of a formula has somewhere in its attributes; nearly no other has."""


def find_formulas(dom: Dom, config: PageConfig, ledger: Ledger) -> list[Formula]:
    """The formulas in a page's markup, in order; each takes the place of its element in the tree."""
    formulas: list[Formula] = []
    done = 0
    for node in dom.candidates:
        if node < done:  # inside an element that has become a formula
            continue
        element = Element(dom, node)
        if element.tag == "img" and not _FORMULA_IMAGE.search(element.source):
            continue
        if dom.is_rendered(node) and _source_follows(dom.following(node, 7)):
            dom.replace(node, NOTHING)
            done = dom.last(node)
            continue
        source = formula_source(element, config, dom.displayed(node))
        if source is None:
            continue
        done = dom.last(node)
        if formula := _formula(*source, config, ledger):
            formulas.append(formula)
            dom.replace(node, len(formulas))
        else:
            dom.replace(node, NOTHING)
    return formulas


def _formula(raw: str, display: bool, kind: str, config: PageConfig, ledger: Ledger) -> Formula | None:
    if isinstance(raw, CleanTex) and not config.macros:
        ledger.seen[kind] += 1
        return Formula(raw, display, kind) if raw else None
    tex = normalise(raw, config.macros)
    if config.macros and raw and ("\\newcommand" in raw or "\\def" in raw or "\\Declare" in raw):
        tex = normalise(without_definitions(raw), config.macros)
        if not tex:
            return None
    ledger.seen[kind] += 1
    return Formula(tex, display, kind) if tex and well_formed(tex) else None


def _source_follows(siblings: Iterable[Element | str]) -> bool:
    """Whether a rendered formula's source script stands behind it, other renderings of the same formula between."""
    for sibling in siblings:
        if isinstance(sibling, str):
            if sibling.strip():
                return False
        elif sibling.tag == "script":
            return sibling.attrs.get("type", "").lower().startswith("math/")
        elif not sibling.classes & RENDERED and sibling.tag != "mjx-container":
            return False
    return False

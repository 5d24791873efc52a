"""A page as Markdown: its main content, with headings, lists, tables, code, and every formula in `$...$` or `$$...$$`.

    extract_page(html, url) -> PageText

Order: parse, read the page's formula configuration, put formulas in the tree as leaves (before anything is dropped or
escaped), leave out boilerplate, walk the blocks. Text is never normalised and nothing is dropped for its language.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass

from jobs.web.dom import parse_html
from jobs.web.formulas import Ledger, find_formulas
from jobs.web.markdown import MarkdownWriter
from jobs.web.page_config import read_config

MAX_TITLE_CHARS = 500


@dataclass(frozen=True)
class PageText:
    """The text of a page and its formula ledger."""

    text: str
    """Markdown; a literal dollar is `\\$`."""
    title: str
    formulas_seen: int
    """Formulas found in the page: in markup anywhere, and between delimiters in the text that is kept."""
    formulas_kept: int
    """Formulas printed into `text`."""
    formula_kinds_seen: dict[str, int]
    """Formulas found, by kind of source."""
    formula_kinds: dict[str, int]
    """Printed formulas by kind of source."""
    over_limit: bool
    """A bound on bytes, nodes or depth cut or flattened the page."""


def extract_page(html: str, url: str = "") -> PageText:
    """Main content of an HTML page. Never raises on any string; cost is bounded by the limits in `dom`."""
    collecting = gc.isenabled()
    gc.disable()  # a page's tree holds no cycles, and searching its young objects for some takes time
    try:
        return _extract(html)
    finally:
        if collecting:
            gc.enable()


def _extract(html: str) -> PageText:
    dom = parse_html(html)
    config = read_config(dom, html)
    ledger = Ledger()
    formulas = find_formulas(dom, config, ledger)
    writer = MarkdownWriter(dom, config, formulas, ledger)
    text = writer.write(dom.body)
    title = dom.text(dom.title) if dom.title else ""
    return PageText(
        text=text,
        title=" ".join(title.split())[:MAX_TITLE_CHARS],
        formulas_seen=ledger.seen.total(),
        formulas_kept=ledger.printed.total(),
        formula_kinds_seen=dict(sorted(ledger.seen.items())),
        formula_kinds=dict(sorted(ledger.printed.items())),
        over_limit=dom.over_limit or writer.over_limit,
    )


__all__ = ["PageText", "extract_page"]

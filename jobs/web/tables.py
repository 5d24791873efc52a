"""Tables: rows, whether a table holds data or only places things, and formulas that must not break a cell."""

from __future__ import annotations

from jobs.web.code_blocks import LINE_NUMBERS
from jobs.web.dom import Element

_BLOCK_IN_CELL = frozenset("ul ol dl pre table blockquote h1 h2 h3 h4 h5 h6 section article hr form".split())


def table_rows(table: Element) -> list[list[Element]]:
    """The cells of a table, row by row."""
    rows: list[list[Element]] = []
    for child in table.elements():
        if child.tag == "tr":
            rows.append([cell for cell in child.elements() if cell.tag in ("td", "th")])
        elif child.tag in ("thead", "tbody", "tfoot"):
            rows += table_rows(child)
    return rows


def is_layout(table: Element, rows: list[list[Element]]) -> bool:
    """Whether the table only places things: one column or row of cells, or blocks inside its cells."""
    if not rows or max(len(row) for row in rows) < 2 or table.attrs.get("role") == "presentation":
        return True
    if len(rows) < 2 and not any(cell.tag == "th" for row in rows for cell in row):
        return True
    for row in rows:
        for cell in row:
            paragraphs = 0
            for inner in cell.walk():
                if inner.tag in _BLOCK_IN_CELL:
                    return True
                paragraphs += inner.tag == "p"
            if paragraphs > 1:
                return True
    return False


def holds_line_numbers(table: Element) -> bool:
    """Highlighters put line numbers in one cell and code in the other."""
    return any(inner.classes & LINE_NUMBERS for inner in table.walk()) and table.find("pre") is not None


def without_pipes(tex: str) -> str:
    """A pipe would end the table's cell: bars in pairs become \\lvert and \\rvert, a single one \\vert."""
    tex = tex.replace("\\|", "\\Vert ")
    if tex.count("|") % 2:
        return tex.replace("|", "\\vert ")
    parts = tex.split("|")
    out = parts[0]
    for at, part in enumerate(parts[1:]):
        bar = "\\lvert" if at % 2 == 0 else "\\rvert"
        out += bar + (" " if part[:1].isalpha() else "") + part
    return out

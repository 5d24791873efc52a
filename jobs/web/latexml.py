"""LaTeXML's equation tables: their cells are pieces of one formula, and the number beside it is its tag."""

from __future__ import annotations

from jobs.web.dom import Element
from jobs.web.mathml import math_source

MAX_TAG_CHARS = 20


def equation_table(table: Element) -> tuple[str, bool, str] | None:
    """(TeX, display, kind) of an `ltx_eqn_table`; None if no cell holds a formula."""
    rows: list[list[str]] = []
    numbers: list[str] = []
    for row in table.named("tr"):
        cells = [
            " ".join(math_source(math) for math in cell.named("math"))
            for cell in row.elements()
            if cell.tag == "td" and "ltx_eqn_eqno" not in cell.classes
        ]
        if any(cells):
            rows.append(cells)
            tagged = row.walk() if row.holds(b"ltx_tag_equation") else ()
            number = next((e.text().strip().strip("()") for e in tagged if "ltx_tag_equation" in e.classes), "")
            numbers.append(number if number and len(number) < MAX_TAG_CHARS else "")
    if not rows:
        return None
    if len(rows) == 1:
        tex = " ".join(cell for cell in rows[0] if cell)
        return tex + (f"\\tag{{{numbers[0]}}}" if numbers[0] else ""), True, "latexml"
    return _rows(rows, numbers), True, "latexml"


def _rows(rows: list[list[str]], numbers: list[str]) -> str:
    """An alignment where rows have several pieces, else lines one under another; numbers ask for `align*`."""
    columns = [at for at in range(max(map(len, rows))) if any(at < len(row) and row[at] for row in rows)]
    lines = ["&".join(row[at] if at < len(row) else "" for at in columns) for row in rows]
    name = "aligned" if len(columns) > 1 else "gathered"
    if any(numbers):
        name = "align*" if len(columns) > 1 else "gather*"
        lines = [line + (f"\\tag{{{number}}}" if number else "") for line, number in zip(lines, numbers, strict=True)]
    return f"\\begin{{{name}}}" + " \\\\ ".join(lines) + f"\\end{{{name}}}"

"""KaTeX's drawn output back to TeX, for pages that hold nothing else.

KaTeX stacks things in a `vlist`, each entry placed by `top` (more negative is higher). Which stack it is, the class of
the container says: scripts (`msupsub`), fraction, root, limits, accent, table.
"""

from __future__ import annotations

import re

from jobs.web.dom import Element
from jobs.web.tex import fold_binomials, join_tex, well_formed
from jobs.web.tex_symbols import FUNCTIONS, MATRICES, OVER_ACCENTS, tex_of

MAX_GLYPH_NODES = 6000

_TOP = re.compile(r"(?:^|;)\s*top:\s*(-?\d+(?:\.\d+)?)em")
_FONTS = ("mathbb", "mathbf", "mathcal", "mathfrak", "mathrm", "mathsf", "mathtt", "mathscr", "boldsymbol", "mathit")
_IGNORED = frozenset(
    """strut pstrut mspace vlist-s nulldelimiter frac-line overline-line underline-line hide-tail tag newline
    allowbreak""".split()
)
_BRACKET_PIECES = (
    ("⎛", "("),
    ("⎞", ")"),
    ("⎡", "["),
    ("⎤", "]"),
    ("⎧", "{"),
    ("⎫", "}"),
    ("⎢", "["),
    ("⎥", "]"),
    ("⎜", "("),
    ("⎟", ")"),
    ("⌈", "⌈"),
    ("⌊", "⌊"),
    ("∣", "|"),
    ("∥", "‖"),
)
_OPENING = frozenset("([{|‖")


def katex_html_to_tex(root: Element) -> str:
    """One line of TeX for a `.katex-html` element; '' when it is too large or does not come out well formed."""
    for count, _ in enumerate(root.walk()):
        if count > MAX_GLYPH_NODES:
            return ""
    tex = re.sub(r" {2,}", " ", _row(root.children)).strip()
    return fold_binomials(tex) if well_formed(tex) else ""


def _row(children: list) -> str:  # type: ignore[type-arg]
    out = ""
    at = 0
    while at < len(children):
        child = children[at]
        if isinstance(child, str):
            out = join_tex(out, tex_of(child.strip("\u200b\u200a ")))
        elif isinstance(child, Element):
            out = join_tex(out, _tex(child))
        at += 1
    return out


def _tex(element: Element) -> str:
    classes = element.classes
    if classes & _IGNORED or element.tag == "svg":
        return ""
    if "minner" in classes and (matrix := _fenced_table(element)):
        return matrix
    for name, handler in _HANDLERS.items():
        if name in classes:
            return handler(element)
    text = _own_text(element)
    if "text" in classes:
        words = re.sub(r"[\u200b\s\u00a0]+", " ", element.text())
        return "\\text{" + re.sub(r"([#%&_{}$])", r"\\\1", words) + "}" if words.strip() else (r"\ " if words else "")
    if "mop" in classes and not any(inner.classes & {"vlist-t", "op-symbol"} for inner in element.walk()):
        text = re.sub(r"[\u200b\s]+", "", element.text())  # KaTeX sets the last letter apart to kern it
        if text in FUNCTIONS:
            return f"\\{text}"
    if "delimsizing" in classes and "mult" in classes:
        return tex_of(_big_bracket(element))
    if "mop" in classes and len(text) > 1 and text.isalpha():
        return f"\\operatorname{{{text}}}"
    inner = _row(element.children)
    font = next((font for font in _FONTS if font in classes), "")
    return f"\\{font}{{{inner}}}" if font and inner else inner


def _own_text(element: Element) -> str:
    return "".join(child for child in element.children if isinstance(child, str)).strip("\u200b ")


def _big_bracket(element: Element) -> str:
    text = element.text()
    return next((bracket for piece, bracket in _BRACKET_PIECES if piece in text), "")


def _entries(element: Element) -> list[tuple[float, Element]]:
    """The stacked entries of the nearest vlist below, highest first, with their `top` in em."""
    stack = list(element.elements())
    while stack:
        current = stack.pop(0)
        if "vlist" in current.classes:
            found = []
            for entry in current.elements():
                top = _TOP.search(entry.attrs.get("style", ""))
                if top:
                    found.append((float(top[1]), entry))
            return sorted(found, key=lambda pair: pair[0])
        if current.classes & {"vlist-t", "vlist-r"}:
            stack = current.elements() + stack
    return []


def _scripts(element: Element) -> str:
    entries = _entries(element)
    table = next((inner for inner in element.walk() if "vlist-t" in inner.classes), element)
    parts = [_row(entry.children) for _, entry in entries]
    if len(parts) >= 2:
        return _sub_sup(parts[-1], parts[0])
    if not parts:
        return ""
    return _sub_sup(parts[0], "") if "vlist-t2" in table.classes else _sub_sup("", parts[0])


def _sub_sup(sub: str, sup: str) -> str:
    if sup and re.fullmatch(r"(?:\\prime ?|')+", sup):
        return (f"_{{{sub}}}" if sub else "") + "'" * (sup.count("prime") or len(sup))
    return (f"_{{{sub}}}" if sub else "") + (f"^{{{sup}}}" if sup else "")


def _fraction(element: Element) -> str:
    entries = _entries(element)
    line = any("frac-line" in inner.classes for _, entry in entries for inner in entry.walk())
    parts = [_row(entry.children) for _, entry in entries if not any("frac-line" in e.classes for e in entry.walk())]
    if len(parts) != 2:
        return _row(element.children)
    return (
        f"\\frac{{{parts[0]}}}{{{parts[1]}}}" if line else f"\\genfrac{{}}{{}}{{0pt}}{{}}{{{parts[0]}}}{{{parts[1]}}}"
    )


def _root(element: Element) -> str:
    index = next((inner for inner in element.elements() if "root" in inner.classes), None)
    entries = [(top, entry) for top, entry in _outer_entries(element, index) if entry.text().strip("\u200b \n")]
    inside = "".join(_row(entry.children) for _, entry in entries)
    if index is None:
        return f"\\sqrt{{{inside}}}"
    return f"\\sqrt[{''.join(_row(entry.children) for _, entry in _entries(index))}]{{{inside}}}"


def _outer_entries(element: Element, index: Element | None) -> list[tuple[float, Element]]:
    for child in element.elements():
        if child is not index and (entries := _entries_of(child)):
            return entries
    return []


def _entries_of(element: Element) -> list[tuple[float, Element]]:
    shell = Element("span")
    shell.children = [element]
    return _entries(shell)


def _limits(element: Element) -> str:
    entries = [entry for _, entry in _entries(element)]
    base_at = next(
        (
            at
            for at, entry in enumerate(entries)
            if any("mop" in e.classes or "op-symbol" in e.classes for e in entry.walk())
        ),
        -1,
    )
    if base_at < 0:
        return _row(element.children)
    sup = "".join(_row(entry.children) for entry in entries[:base_at])
    sub = "".join(_row(entry.children) for entry in entries[base_at + 1 :])
    return _row(entries[base_at].children) + _sub_sup(sub, sup)


def _accent(element: Element) -> str:
    entries = [entry for _, entry in _entries(element)]
    marks = [entry for entry in entries if any("accent-body" in e.classes for e in entry.walk())]
    body = "".join(_row(entry.children) for entry in entries if entry not in marks and not _only_svg(entry))
    if marks:
        name = OVER_ACCENTS.get(marks[0].text().strip("\u200b \n"), "")
        if not name and any(e.tag == "svg" for e in marks[0].walk()):
            name = "vec"
        return f"\\{name}{{{body}}}" if name else body
    return f"\\widehat{{{body}}}" if len(entries) > 1 else body


def _only_svg(entry: Element) -> bool:
    return not entry.text().strip("\u200b \n") and any(inner.tag == "svg" for inner in entry.walk())


def _line(name: str, element: Element) -> str:
    return f"\\{name}{{{''.join(_row(entry.children) for _, entry in _entries(element))}}}"


def _table(element: Element) -> str:
    return _table_as(element, "matrix")


def _table_as(table: Element, name: str) -> str:
    columns = [inner for inner in table.elements() if any(c.startswith("col-align-") for c in inner.classes)]
    cells = [[_row(entry.children) for _, entry in _entries(column)] for column in columns]
    rows = max((len(column) for column in cells), default=0)
    lines = ["&".join(column[row] if row < len(column) else "" for column in cells) for row in range(rows)]
    return f"\\begin{{{name}}}" + "\\\\".join(lines) + f"\\end{{{name}}}"


def _fenced_table(element: Element) -> str:
    """`\\left( matrix \\right)`: a delimiter, one table, a delimiter."""
    inner = [child for child in element.elements() if not child.classes & {"strut", "mspace"}]
    if len(inner) != 3 or not (inner[0].classes & {"mopen"} and inner[2].classes & {"mclose"}):
        return ""
    table = inner[1]
    while "mtable" not in table.classes:
        below = [child for child in table.elements() if child.text().strip("\u200b ")]
        if len(below) != 1:
            return ""
        table = below[0]
    opening, closing = (_big_bracket(side) or side.text().strip("\u200b ") for side in (inner[0], inner[2]))
    name = MATRICES.get((opening, closing)) or ("cases" if opening == "{" and not closing else "")
    return _table_as(table, name) if name else ""


_HANDLERS = {
    "msupsub": _scripts,
    "mfrac": _fraction,
    "sqrt": _root,
    "op-limits": _limits,
    "accent": _accent,
    "overline": lambda element: _line("overline", element),
    "underline": lambda element: _line("underline", element),
    "mtable": _table,
}

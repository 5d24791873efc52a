"""What MathJax 2 drew, back to presentation MathML, for saved pages whose source script is gone.

CommonHTML names every part by a class (`mjx-numerator`, `mjx-sup`). HTML-CSS names the elements (`mfrac`) and places
their parts by `top`, counted from the bottom of a strut, so that what lies higher is found by `top` plus the strut.
"""

from __future__ import annotations

import re

from jobs.web.dom import Element
from jobs.web.mathml_elements import MAX_GLYPH_NODES, MathElement, element, glyph_text, read_mathml, table, token

_TOKENS = frozenset(("mi", "mn", "mo", "mtext", "ms"))
_SCRIPTS = frozenset(("msup", "msub", "msubsup"))
_LIMITS = frozenset(("munder", "mover", "munderover"))
_NAMES = _TOKENS | _SCRIPTS | _LIMITS | frozenset(("mfrac", "msqrt", "mroot", "mtable", "menclose", "mphantom"))
_FONTS = {
    "ams-R": "double-struck",
    "cal-R": "script",
    "cal-B": "bold-script",
    "script-R": "script",
    "frak-R": "fraktur",
    "frak-B": "bold-fraktur",
    "main-B": "bold",
    "math-I": "italic",
    "main-I": "italic",
    "math-BI": "bold-italic",
    "sans-R": "sans-serif",
    "sans-B": "sans-serif",
    "type-R": "monospace",
}
_FONT_CLASS = re.compile(r"MJXc-TeX-(\w{2,6}-\w{1,2})(?:x?w?)(?:\s|$)")
_FONT_FAMILY = re.compile(r"font-family: ?[\"']?(?:MathJax|STIXMathJax)_(\w{2,14}?)(?:-(\w{1,12}))?[\"']?[,;]")
_FAMILIES = {
    "AMS": "double-struck",
    "Caligraphic": "script",
    "Script": "script",
    "Fraktur": "fraktur",
    "SansSerif": "sans-serif",
    "Typewriter": "monospace",
}
_TOP = re.compile(r"(?:^|[; ])top: ?(-?\d{1,4}(?:\.\d{1,6})?)em")
_HEIGHT = re.compile(r"(?:^|[; ])height: ?(\d{1,4}(?:\.\d{1,6})?)em")
_SIZE = re.compile(r"font-size: ?(\d{1,3}(?:\.\d{1,4})?)%")


def mathjax2_math(rendered: Element) -> MathElement | None:
    """The drawn formula of a `MathJax`, `MathJax_CHTML` or `mjx-chtml` element as `math`; None if there is none."""
    drawn = read_mathml(rendered.outer()) if rendered.size() <= MAX_GLYPH_NODES else None
    for inner in drawn.walk() if drawn else ():
        if "mjx-math" in inner.classes:
            return element("math", _row(inner))
        if inner.tag == "span" and "math" in inner.classes:
            return element("math", _placed_row(inner))
    return None


# --- CommonHTML ---


def _name(node: MathElement) -> str:
    return next((name.removeprefix("mjx-") for name in node.classes if name.startswith("mjx-")), "")


def _row(node: MathElement | None) -> list[MathElement]:
    return [made for child in node.elements() if (made := _made(child)) is not None] if node else []


def _made(node: MathElement) -> MathElement | None:
    name = _name(node)
    if name in ("strut", "vsize", "line", "mphantom", "label"):
        return None
    if name in _TOKENS:
        return token(name, *_text(node))
    if name in _SCRIPTS or name in _LIMITS:
        return _scripts(node, name in _LIMITS)
    if name == "mfrac":
        lined = _below(node, "line") is not None
        return element(
            "mfrac", [_part(node, "numerator"), _part(node, "denominator")], linethickness="" if lined else "0"
        )
    if name in ("msqrt", "mroot"):
        return _root(node)
    if name == "mtable":
        return _table(node)
    if name == "menclose":
        return element("menclose", _row(node), notation="box" if "border:" in node.attrs.get("style", "") else "")
    return element("mrow", _row(node))


def _text(node: MathElement) -> tuple[str, str]:
    """(characters, font) of a token element."""
    text = glyph_text([inner.text() for inner in node.walk() if "mjx-char" in inner.classes] or [node.text()])
    found = next((match for inner in node.walk() if (match := _FONT_CLASS.search(inner.attrs.get("class", "")))), None)
    font = _FONTS.get(found[1], "") if found else ""
    if font == "double-struck" and not (text.isascii() and text.isalpha()):
        font = ""  # the AMS font holds relations too
    return text, font


def _below(node: MathElement, name: str) -> MathElement | None:
    """The part of this name that belongs to this node: the nearest below."""
    level = node.elements()
    for _ in range(6):
        found = next((inner for inner in level if _name(inner) == name), None)
        if found is not None:
            return found
        level = [
            below
            for inner in level
            if _name(inner) in ("box", "stack", "itable", "row", "cell", "table", "")
            for below in inner.elements()
        ]
    return None


def _part(node: MathElement, name: str) -> MathElement:
    return element("mrow", _row(_below(node, name)))


def _scripts(node: MathElement, limits: bool) -> MathElement:
    low, high = ("under", "over") if limits else ("sub", "sup")
    if limits and _below(node, "op") is None:
        low, high, limits = "sub", "sup", False  # in a line of text the limits stand as scripts
    base = _below(node, "op" if limits else "base")
    below, above = _below(node, low), _below(node, high)
    inner = [element("mrow", _row(part)) for part in (base, below, above) if part is not None]
    tag = f"m{low}{high}" if below and above else f"m{low}" if below else f"m{high}"
    return element(tag if len(inner) > 1 else "mrow", inner)


def _root(node: MathElement) -> MathElement:
    box = next((inner for inner in node.elements() if _name(inner) == "box"), node)
    inside = next((inner for inner in reversed(box.elements()) if _name(inner) == "box"), None)
    index = _below(node, "root")
    parts = [element("mrow", _row(inside))]
    return element("mroot", [*parts, element("mrow", _row(index))]) if index else element("msqrt", parts)


def _table(node: MathElement) -> MathElement:
    inside = _below(node, "table")
    rows = [row for row in inside.elements() if _name(row) in ("mtr", "mlabeledtr")] if inside else []
    cells = [[cell for cell in row.elements() if _name(cell) == "mtd"] for row in rows]
    aligned = any("text-align: right" in row[0].attrs.get("style", "") for row in cells if len(row) > 1)
    return table([[_row(cell) for cell in row] for row in cells], aligned)


# --- HTML-CSS ---


def _placed_name(node: MathElement) -> str:
    return next((name for name in node.classes if name in _NAMES), "")


def _placed_row(node: MathElement) -> list[MathElement]:
    """The named elements below, in document order; the boxes between only place them."""
    made: list[MathElement] = []
    stack = list(reversed(node.elements()))
    while stack:
        inner = stack.pop()
        name = _placed_name(inner)
        if name:
            if name != "mphantom":
                made.append(_placed(inner, name))
        else:
            stack.extend(reversed(inner.elements()))
    return made


def _placed(node: MathElement, name: str) -> MathElement:
    if name in _TOKENS:
        return token(name, *_placed_text(node))
    if name == "mtable":
        return _placed_table(node)
    # Every box is converted once: a second time at every level would double the work with each.
    made = [(height, _placed_row(box), box) for height, box in _boxes(node)]
    parts = [(height, row) for height, row, _ in made if row]
    inner = [element("mrow", row) for _, row in parts]
    if name in ("msqrt", "mroot"):
        index = _smaller([box for _, row, box in made if row])
        if name == "mroot" and len(inner) > 1:
            return element("mroot", [inner[1 - index], inner[index]])
        return element("msqrt", inner[:1])
    if name == "mfrac" and len(parts) == 2:
        above, below = (row for _, row in sorted(parts, key=lambda part: -part[0]))
        lined = " solid" in "".join(below.attrs.get("style", "") for below in node.walk())
        return element("mfrac", [element("mrow", above), element("mrow", below)], linethickness="" if lined else "0")
    if len(parts) < 2 or name not in _SCRIPTS | _LIMITS:
        return element("menclose" if name == "menclose" else "mrow", inner or _placed_row(node))
    limits = name in _LIMITS
    if len(parts) == 2:
        high = parts[1][0] > parts[0][0]
        return element(("mover" if high else "munder") if limits else "msup" if high else "msub", inner)
    low, top = sorted(parts[1:3], key=lambda part: part[0])
    return element("munderover" if limits else "msubsup", [inner[0], element("mrow", low[1]), element("mrow", top[1])])


def _placed_text(node: MathElement) -> tuple[str, str]:
    family = next(
        (match for inner in node.walk() if (match := _FONT_FAMILY.search(inner.attrs.get("style", "")))), None
    )
    text = glyph_text([node.text()])
    if family is None:
        return text, ""
    font = _FAMILIES.get(family[1], {"bold": "bold", "italic": "italic"}.get((family[2] or "").lower(), ""))
    if font == "double-struck" and not (text.isascii() and text.isalpha()):
        font = ""
    return text, font


def _boxes(node: MathElement) -> list[tuple[float, MathElement]]:
    """The nearest boxes below that are placed by themselves, each with its height over the base line in em."""
    found: list[tuple[float, MathElement]] = []
    stack = list(reversed(node.elements()))
    while stack:
        inner = stack.pop()
        style = inner.attrs.get("style", "")
        if "absolute" in style and (top := _TOP.search(style)):
            strut = inner.elements()[-1] if inner.elements() else inner
            deep = _HEIGHT.search(strut.attrs.get("style", ""))
            found.append(
                (
                    -float(top[1])
                    - (float(deep[1]) if deep and "inline-block" in strut.attrs.get("style", "") else 0.0),
                    inner,
                )
            )
        elif not _placed_name(inner):
            stack.extend(reversed(inner.elements()))
    return found


def _smaller(boxes: list[MathElement]) -> int:
    """Which of a root's two parts is the index: the one in the smaller type."""
    sizes = [
        min(
            (float(size[1]) for inner in box.walk() if (size := _SIZE.search(inner.attrs.get("style", "")))),
            default=100.0,
        )
        for box in boxes
    ]
    return 0 if len(sizes) > 1 and sizes[0] < sizes[1] else 1


def _placed_table(node: MathElement) -> MathElement:
    """HTML-CSS places a table column by column, and in a column cell by cell."""
    columns = [
        [row for _, row in sorted(((height, cell) for height, cell in _boxes(column)), key=lambda pair: -pair[0])]
        for _, column in _boxes(node)
    ]
    columns = [column for column in columns if any("mtd" in inner.classes for cell in column for inner in cell.walk())]
    count = max((len(column) for column in columns), default=0)
    return table([[_placed_row(column[at]) for column in columns if at < len(column)] for at in range(count)], False)

"""What MathJax 3 and 4 drew, back to presentation MathML, for pages that keep no other form of the formula.

Both outputs mirror the MathML they were made from: CHTML by the names of its elements (`mjx-msup`), SVG by
`data-mml-node`. Glyphs name their code points, in the class `mjx-c1D467` or in `data-c`. What differs from MathML is
the order of the parts (the upper one first) and the boxes between; both are undone here, and `mathml` does the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from jobs.web.dom import Element
from jobs.web.mathml_elements import MAX_GLYPH_NODES, MathElement, element, glyph_text, read_mathml, table, token

_CHTML_GLYPH = re.compile(r"(?:^|\s)mjx-c([0-9A-F]{2,6})(?:\s|$)")
_CALLIGRAPHIC = re.compile(r"(?:^|[\s-])(?:TEX|NCM|[A-Z]{2,8})-(?:C|CB)(?:$|[\s-])")
_TOKENS = frozenset(("mi", "mn", "mo", "mtext", "ms"))
_UNSEEN = frozenset(("mphantom", "labels", "spacer", "nstrut", "dstrut", "tstrut", "assistive-mml", "line", "speech"))
_TRANSLATE = re.compile(r"translate\(\s*-?[\d.e]{1,20}[ ,]\s*(-?[\d.e]{1,20})")
_CODE_POINT = re.compile(r"[0-9A-F]{2,6}")


def mathjax_math(container: Element) -> MathElement | None:
    """The drawn formula of an `mjx-container` (or of a lone MathJax SVG) as a `math` element; None if there is none."""
    drawn = read_mathml(container.outer()) if container.size() <= MAX_GLYPH_NODES else None
    row: list[MathElement] = []
    for inner in drawn.walk() if drawn else ():
        if inner.tag == "mjx-math":
            row += _chtml_row(inner)
        elif inner.tag == "g" and inner.attrs.get("data-mml-node") == "math":
            row += _svg_row(inner)  # MathJax 4 draws each piece between two break points by itself
    return element("math", row) if row else None


# --- CHTML ---


def _name(node: MathElement) -> str:
    return node.tag.removeprefix("mjx-")


def _chtml_row(node: MathElement) -> list[MathElement]:
    return [made for child in node.elements() if (made := _chtml(child)) is not None]


def _chtml(node: MathElement) -> MathElement | None:
    name = _name(node)
    if name in _UNSEEN:
        return None
    if name in _TOKENS:
        return token(name, *_chtml_text(node))
    handler = _CHTML.get(name)
    return handler(node) if handler else element("mrow", _chtml_row(node))


def _chtml_text(node: MathElement) -> tuple[str, str]:
    """(characters, font) of a token element."""
    pieces: list[str] = []
    font = ""
    stack = [node]
    while stack:
        inner = stack.pop()
        if inner.tag in ("mjx-c", "mjx-stretchy-v", "mjx-stretchy-h"):
            names = inner.attrs.get("class", "")
            code = _CHTML_GLYPH.search(names)
            if code:
                pieces.append(_character(code[1]))
            elif inner.tag == "mjx-c":
                pieces.append(inner.text())
            if _CALLIGRAPHIC.search(names):
                font = "script"
        elif inner.tag in ("mjx-utext", "mjx-text"):
            pieces.append(inner.text())
        else:
            stack.extend(reversed(inner.elements()))
    return glyph_text(pieces), font


def _character(code: str) -> str:
    point = int(code, 16)
    return chr(point) if point <= 0x10FFFF and not 0xD800 <= point < 0xE000 else ""


def _part(node: MathElement, name: str) -> MathElement | None:
    """The part of this name that belongs to this node: the nearest below, in document order."""
    level = node.elements()
    for _ in range(6):
        for inner in level:
            if inner.tag == f"mjx-{name}":
                return inner
        level = [
            below
            for inner in level
            if _name(inner) in ("frac", "dbox", "dtable", "row", "box", "sqrt", "munder", "mover", "table", "itable")
            for below in inner.elements()
        ]
    return None


def _chtml_part(node: MathElement, name: str) -> MathElement:
    part = _part(node, name)
    return element("mrow", _chtml_row(part) if part else [])


def _chtml_fraction(node: MathElement) -> MathElement:
    frac = _part(node, "frac")
    bare = frac is not None and frac.attrs.get("atop", "") == "true"
    if frac is None and (bevelled := _part(node, "bevelled")):
        return element("mrow", _chtml_row(bevelled))
    parts = [_chtml_part(node, "num"), _chtml_part(node, "den")]
    return element("mfrac", parts, linethickness="0" if bare else "")


def _chtml_root(node: MathElement) -> MathElement:
    sqrt = _part(node, "sqrt") or node
    box = next((inner for inner in sqrt.elements() if inner.tag == "mjx-box"), None)
    inside = element("mrow", _chtml_row(box) if box else [])
    index = _part(node, "root")
    return element("mroot", [inside, element("mrow", _chtml_row(index))]) if index else element("msqrt", [inside])


def _chtml_scripts(node: MathElement) -> MathElement:
    """Base, then one box with the scripts, the upper one first."""
    inner = node.elements()
    box = next((child for child in inner if child.tag == "mjx-script"), None)
    if box is None:
        return _chtml_limits(node)
    base = element("mrow", [made for child in inner if child is not box and (made := _chtml(child)) is not None])
    parts = [child for child in box.elements() if child.tag != "mjx-spacer"]
    scripts = [_chtml(part) or element("mrow", []) for part in parts]
    if len(scripts) >= 2:
        return element("msubsup", [base, scripts[-1], scripts[0]])
    low = _name(node) in ("msub", "munder") or "vertical-align: -" in box.attrs.get("style", "")
    return element("msub" if low else "msup", [base, *scripts])


def _chtml_limits(node: MathElement) -> MathElement:
    if any(child.tag == "mjx-script" for child in node.elements()):
        return _chtml_scripts(node)
    base, over, under = (_part(node, name) for name in ("base", "over", "under"))
    parts = [element("mrow", _chtml_row(part)) for part in (base, under, over) if part is not None]
    tag = "munderover" if over and under else "mover" if over else "munder"
    return element(tag if len(parts) > 1 else "mrow", parts)


def _chtml_table(node: MathElement) -> MathElement:
    inside = _part(node, "itable")
    rows = [row for row in inside.elements() if row.tag in ("mjx-mtr", "mjx-mlabeledtr")] if inside else []
    cells = [[cell for cell in row.elements() if cell.tag == "mjx-mtd"] for row in rows]
    aligned = any("text-align: right" in row[0].attrs.get("style", "") for row in cells if len(row) > 1)
    return table([[_chtml_row(cell) for cell in row] for row in cells], aligned)


def _chtml_enclosed(node: MathElement) -> MathElement:
    tags = {inner.tag for inner in node.elements()}
    box = next((inner for inner in node.elements() if inner.tag == "mjx-box"), node)
    notation = (
        "updiagonalstrike"
        if "mjx-ustrike" in tags
        else "downdiagonalstrike"
        if "mjx-dstrike" in tags
        else "box"
        if "border:" in box.attrs.get("style", "")
        else ""
    )
    return element("menclose", _chtml_row(box), notation=notation)


def _chtml_space(node: MathElement) -> MathElement:
    width = re.search(r"(?:^|[; ])width: ?(-?[\d.]{1,9}em)", node.attrs.get("style", ""))
    return element("mspace", [], width=width[1] if width else "")


_CHTML: dict[str, Callable[[MathElement], MathElement]] = {
    "mfrac": _chtml_fraction,
    "msqrt": _chtml_root,
    "mroot": _chtml_root,
    "msup": _chtml_scripts,
    "msub": _chtml_scripts,
    "msubsup": _chtml_scripts,
    "munder": _chtml_limits,
    "mover": _chtml_limits,
    "munderover": _chtml_limits,
    "mtable": _chtml_table,
    "menclose": _chtml_enclosed,
    "mspace": _chtml_space,
}


# --- SVG ---


def _svg_parts(node: MathElement) -> list[MathElement]:
    """The nodes of the formula right below this one; the groups between only place them."""
    found: list[MathElement] = []
    stack = list(reversed(node.elements()))
    while stack:
        inner = stack.pop()
        if inner.attrs.get("data-mml-node"):
            found.append(inner)
        elif inner.tag in ("g", "svg", "a") and "data-labels" not in inner.attrs:
            stack.extend(reversed(inner.elements()))
    return found


def _svg_row(node: MathElement) -> list[MathElement]:
    return [made for part in _svg_parts(node) if (made := _svg(part)) is not None]


def _svg(node: MathElement) -> MathElement | None:
    name = node.attrs.get("data-mml-node", "")
    if name == "mphantom":
        return None
    if name in _TOKENS:
        return token(name, *_svg_text(node))
    handler = _SVG.get(name)
    return handler(node) if handler else element("mrow", _svg_row(node))


def _svg_text(node: MathElement) -> tuple[str, str]:
    pieces: list[str] = []
    font = ""
    stack = [node]
    while stack:
        inner = stack.pop()
        code = inner.attrs.get("data-c", "")
        if inner.tag == "text":
            pieces.append(inner.text())
        elif _CODE_POINT.fullmatch(code):  # a group with a code holds what its glyph is put together from
            pieces.append(_character(code))
            if _CALLIGRAPHIC.search(inner.attrs.get("xlink:href", "") or inner.attrs.get("href", "")):
                font = "script"
        else:
            stack.extend(reversed(inner.elements()))
    return glyph_text(pieces), font


def _height(node: MathElement) -> float:
    moved = _TRANSLATE.search(node.attrs.get("transform", ""))
    try:
        return float(moved[1]) if moved else 0.0
    except ValueError:
        return 0.0


def _svg_each(nodes: list[MathElement]) -> list[MathElement]:
    return [_svg(node) or element("mrow", []) for node in nodes]


def _svg_fraction(node: MathElement) -> MathElement:
    parts = _svg_parts(node)
    if len(parts) != 2:
        return element("mrow", _svg_row(node))
    lined = any(inner.tag == "rect" for inner in node.elements())
    return element("mfrac", _svg_each(parts), linethickness="" if lined else "0")


def _svg_root(node: MathElement) -> MathElement:
    """A surd (`mo`), for a root its index, and the radicand in a group of its own."""
    named = [inner for inner in node.elements() if inner.attrs.get("data-mml-node")]
    groups = [inner for inner in node.elements() if inner.tag == "g" and not inner.attrs.get("data-mml-node")]
    inside = element("mrow", [made for group in groups for made in _svg_row(group)])
    index = [inner for inner in named if _svg_text(inner)[0] != "√"]
    if node.attrs.get("data-mml-node") == "mroot" and index:
        return element("mroot", [inside, *_svg_each(index[:1])])
    return element("msqrt", [inside])


def _svg_scripts(node: MathElement) -> MathElement:
    """The base comes first; which of two scripts is the upper one, their height says."""
    name = node.attrs["data-mml-node"]
    base, *scripts = _svg_parts(node) or [node]
    if not scripts:
        return element("mrow", _svg_row(node))
    limits = name in ("munder", "mover", "munderover")
    if len(scripts) >= 2:
        low, high = sorted(scripts[:2], key=_height)
        return element("munderover" if limits else "msubsup", _svg_each([base, low, high]))
    if name in ("msubsup", "munderover"):
        name = ("mover" if limits else "msup") if _height(scripts[0]) > 0 else ("munder" if limits else "msub")
    return element(name, _svg_each([base, *scripts]))


def _svg_table(node: MathElement) -> MathElement:
    rows = [row for row in _svg_parts(node) if row.attrs["data-mml-node"] in ("mtr", "mlabeledtr")]
    cells = [[cell for cell in _svg_parts(row) if cell.attrs["data-mml-node"] == "mtd"] for row in rows]
    return table([[_svg_row(cell) for cell in row] for row in cells], False)


def _svg_enclosed(node: MathElement) -> MathElement:
    lines = [inner.attrs for inner in node.elements() if inner.tag == "line"]
    if any(inner.tag == "rect" for inner in node.elements()):
        notation = "box"
    elif lines:
        rising = lines[0].get("y1", "").startswith("-") and not lines[0].get("y2", "").startswith("-")
        notation = "updiagonalstrike" if rising else "downdiagonalstrike"
    else:
        notation = ""
    return element("menclose", _svg_row(node), notation=notation)


_SVG: dict[str, Callable[[MathElement], MathElement]] = {
    "mfrac": _svg_fraction,
    "msqrt": _svg_root,
    "mroot": _svg_root,
    **dict.fromkeys(("msup", "msub", "msubsup", "munder", "mover", "munderover"), _svg_scripts),
    "mtable": _svg_table,
    "menclose": _svg_enclosed,
}

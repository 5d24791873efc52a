"""KaTeX's drawn output back to TeX, for pages that hold nothing else.

KaTeX stacks things in a `vlist`, each entry placed by `top` (more negative is higher) on a strut of its own; the entry
that stands on the base line is the base. Which stack it is, the class of the container says: scripts (`msupsub`),
fraction, root, limits, accent, table. Versions differ in names: before 0.7 scripts are a bare `vlist`, since 0.17 some
classes begin with `katex-`. What has no text (arrows, hats, braces) is an SVG that its size and its place tell apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from jobs.web.dom import Element
from jobs.web.katex_pictures import accent_name, tall_fence
from jobs.web.katex_stacks import UNSEEN, Entry, base_of, entries_of, has_class, is_drawn, names_of
from jobs.web.mathml_elements import MAX_GLYPH_NODES, MathElement, read_mathml
from jobs.web.tex import CleanTex, as_substack, escaped_text, fold_binomials, join_letters, join_tex, well_formed
from jobs.web.tex_symbols import FUNCTIONS, MATRICES, OVER_ACCENTS, tex_of

MAX_KEPT_CHARS = 4000
"""The TeX of shorter markup is kept: pages repeat their formulas."""
MIN_ROW_EM = 0.4
"""Rows of a table are further apart than this; cells of one row are not."""

_FONTS = ("mathbb", "mathbf", "mathcal", "mathfrak", "mathrm", "mathsf", "mathtt", "mathscr", "boldsymbol")
_IGNORED = frozenset(
    """strut pstrut mspace vlist-s nulldelimiter frac-line overline-line underline-line hide-tail newline allowbreak
    baseline-fix fontsize-ensurer sqrt-sign sqrt-line""".split()
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
    ("⎨", "{"),
    ("⎬", "}"),
    ("⎣", "⌊"),
    ("⎦", "⌋"),
    ("∣", "|"),
    ("∥", "‖"),
)
_SLASH = "\ue021"
"""A slash laid over what stands before it."""
_STRUCK = re.compile(r"(\\[a-zA-Z]+|[=<>])\ue021")
_NOT_IN = re.compile(r"\\not\\in(?=[A-Za-z])")
_NOT_EQUAL = re.compile(r"\\not=(?=[A-Za-z])")
_SPACERS = re.compile(r'<span class="(?:katex-)?(?:strut|mspace|vlist-s|nulldelimiter)"[^<>]{0,200}>[^<]{0,4}</span>')
_TAG = re.compile(r"\(?([\w.'*-]{1,12})\)?")


def katex_html_to_tex(root: Element) -> str:
    """One line of TeX for a `.katex-html` element; '' when it is too large or does not come out well formed."""
    if root.size() > MAX_GLYPH_NODES:
        return ""
    markup = root.outer()
    return _known(markup) if len(markup) <= MAX_KEPT_CHARS else _read(markup)


@lru_cache(512)
def _known(markup: str) -> str:
    return _read(markup)


def _read(markup: str) -> str:
    root = read_mathml(_SPACERS.sub("", markup))
    if root is None:
        return ""
    tex = re.sub(r" {2,}", " ", _row(root.children)).strip()
    tex = _NOT_EQUAL.sub(r"\\neq ", tex).replace("\\not=", "\\neq")
    tex = _STRUCK.sub(r"\\not\1", tex).replace(_SLASH, "/")
    tex = _NOT_IN.sub(r"\\notin ", tex).replace("\\not\\in", "\\notin")
    return CleanTex(fold_binomials(join_letters(tex))) if well_formed(tex) else ""


def _row(children: Sequence[MathElement | str]) -> str:
    out = ""
    for child in children:
        if isinstance(child, str):
            out = join_tex(out, tex_of(child.strip(UNSEEN)))
        elif "vlist" in names_of(child) and out:
            out += _scripts(child)  # before KaTeX 0.7
        else:
            out = join_tex(out, _tex(child))
    return out


def _tex(element: MathElement) -> str:
    children = element.children
    if len(children) == 1 and isinstance(children[0], str):
        return _leaf(element.tag, element.attrs.get("class", ""), children[0])
    return _converted(element)


@lru_cache(4096)
def _leaf(tag: str, names: str, text: str) -> str:
    """Half of all elements hold a character and nothing else, and the characters repeat."""
    return _converted(MathElement(tag, {"class": names}, [text]))


def _converted(element: MathElement) -> str:
    names = names_of(element)
    if names & _IGNORED or element.tag == "svg":
        return ""
    if "minner" in names and (matrix := _fenced_table(element)):
        return matrix
    if not names.isdisjoint(_HANDLERS):
        return next(handler for name, handler in _HANDLERS.items() if name in names)(element)
    if "text" in names:
        words = re.sub(r"[\u200b\s\u00a0]+", " ", element.text())
        return "\\text{" + escaped_text(words) + "}" if words.strip() else (r"\ " if words else "")
    if "mop" in names and (name := _operator(element)):
        return name
    if "delimsizing" in names and "mult" in names:
        return tex_of(_big_bracket(element))
    if names <= {"mord", "mrel", "mbin", "minner", "vlist-t2"} and (stack := _stack(element)):
        return stack
    inner = _row(element.children)
    font = next((font for font in _FONTS if font in names), "")
    if not font or not inner or (font == "mathrm" and not re.search("[A-Za-z]", inner)) or inner.startswith("\\"):
        return inner
    return f"\\{font}{{{inner}}}"


def _operator(element: MathElement) -> str:
    """`\\sin`, `\\operatorname{foo}`; KaTeX sets the last letter apart to kern it."""
    if any(names_of(inner) & {"vlist", "op-symbol", "msupsub"} for inner in element.walk()):
        return ""
    text = re.sub(r"[\u200b\s]+", "", element.text())
    if text in FUNCTIONS:
        return f"\\{text}"
    return f"\\operatorname{{{text}}}" if len(text) > 1 and text.isalpha() else ""


def _big_bracket(element: MathElement) -> str:
    text = element.text()
    return next((bracket for piece, bracket in _BRACKET_PIECES if piece in text), "") or tall_fence(element)


def _overlaid(element: MathElement) -> str:
    return _SLASH if element.text().strip(UNSEEN) == "/" else _row(element.children)


# --- stacks ---


def _inside(entry: Entry) -> str:
    return _row(entry.element.children)


def _scripts(element: MathElement) -> str:
    entries = entries_of(element)
    parts = [as_substack(_inside(entry)) for entry in entries]
    if len(parts) >= 2:
        return _sub_sup(parts[-1], parts[0])
    if not parts:
        return ""
    return _sub_sup("", parts[0]) if entries[0].height > 0 else _sub_sup(parts[0], "")


def _sub_sup(sub: str, sup: str) -> str:
    if sup and re.fullmatch(r"(?:\\prime ?|')+", sup):
        return (f"_{{{sub}}}" if sub else "") + "'" * (sup.count("prime") or len(sup))
    return (f"_{{{sub}}}" if sub else "") + (f"^{{{sup}}}" if sup else "")


def _fraction(element: MathElement) -> str:
    entries = entries_of(element)
    halves = [entry for entry in entries if not has_class(entry, "frac-line")]
    if len(halves) != 2:  # asked before anything is converted: what is nested must not be converted twice
        return _row(element.children)
    parts = [_inside(entry) for entry in halves]
    lined = len(parts) < len(entries)
    return (
        f"\\frac{{{parts[0]}}}{{{parts[1]}}}" if lined else f"\\genfrac{{}}{{}}{{0pt}}{{}}{{{parts[0]}}}{{{parts[1]}}}"
    )


def _root(element: MathElement) -> str:
    index = next((inner for inner in element.elements() if "root" in names_of(inner)), None)
    others = [inner for inner in element.elements() if inner is not index and "sqrt-sign" not in names_of(inner)]
    entries = next((found for inner in others if (found := entries_of(inner))), [])
    inside = "".join(_inside(entry) for entry in entries if not is_drawn(entry))
    if index is None:
        return f"\\sqrt{{{inside}}}"
    return f"\\sqrt[{''.join(_inside(entry) for entry in entries_of(index))}]{{{inside}}}"


def _limits(element: MathElement) -> str:
    entries = entries_of(element)
    if not entries:
        return _row(element.children)
    base = base_of(entries)
    sup = "".join(_inside(entry) for entry in entries if entry.height > base.height)
    sub = "".join(_inside(entry) for entry in entries if entry.height < base.height)
    inner = _inside(base)
    if re.search(r"[a-zA-Z]$|[=<>~]$", inner) and not inner.startswith(
        ("\\sum", "\\prod", "\\int", "\\big", "\\operatorname")
    ):
        name = inner.removeprefix("\\")
        if name not in FUNCTIONS:
            over = f"\\overset{{{sup}}}{{{inner}}}" if sup else inner
            return f"\\underset{{{sub}}}{{{over}}}" if sub else over
    return inner + _sub_sup(as_substack(sub), sup)


def _accent(element: MathElement) -> str:
    entries = entries_of(element)
    marks = [entry for entry in entries if has_class(entry, "accent-body")]
    pictures = [entry for entry in entries if entry not in marks and is_drawn(entry)]
    body = "".join(_inside(entry) for entry in entries if entry not in marks and entry not in pictures)
    if marks:
        name = OVER_ACCENTS.get(marks[0].element.text().strip(UNSEEN), "")
        if not name and any(inner.tag == "svg" for inner in marks[0].element.walk()):
            name = "vec"
        return f"\\{name}{{{body}}}" if name else body
    return f"\\{accent_name(pictures[0].element)}{{{body}}}" if pictures else body


def _over_under(element: MathElement) -> str:
    """A brace over or under something, or a script over or under that."""
    entries = entries_of(element)
    pictures = [entry for entry in entries if is_drawn(entry)]
    if len(entries) != 2:
        return _row(element.children)
    base = next(entry for entry in entries if entry not in pictures) if pictures else base_of(entries)
    other = next(entry for entry in entries if entry is not base)
    above = other.height > base.height
    if pictures:
        braced = any("brace" in inner.attrs.get("class", "") for inner in other.element.walk())
        if not braced:
            return f"\\{accent_name(other.element) if above else 'underline'}{{{_inside(base)}}}"
        return f"\\{'overbrace' if above else 'underbrace'}{{{_inside(base)}}}"
    return _inside(base) + (f"^{{{_inside(other)}}}" if above else f"_{{{_inside(other)}}}")


def _arrow(element: MathElement) -> str:
    """`\\xrightarrow` with what stands over and under it."""
    entries = entries_of(element)
    arrow = next((entry for entry in entries if is_drawn(entry)), None)
    if arrow is None:
        return _row(element.children)
    name = {"overrightarrow": "xrightarrow", "overleftarrow": "xleftarrow"}.get(
        accent_name(arrow.element), "xleftrightarrow"
    )
    above = "".join(_inside(entry) for entry in entries if entry.height > arrow.height)
    below = "".join(_inside(entry) for entry in entries if entry.height < arrow.height)
    return f"\\{name}" + (f"[{below}]" if below else "") + f"{{{above}}}"


def _stack(element: MathElement) -> str:
    """A box around something, or a line through it; '' if it is neither."""
    if not any("vlist-t" in names_of(inner) for inner in element.elements()):
        return ""
    entries = entries_of(element)
    if len(entries) < 2:
        return ""
    frames = [entry for entry in entries if has_class(entry, "fbox")]
    lines = [inner for entry in entries if is_drawn(entry) for inner in entry.element.walk() if inner.tag == "line"]
    if not frames and not lines:
        return ""
    body = "".join(_inside(entry) for entry in entries if entry not in frames)
    if frames:
        return f"\\boxed{{{body}}}"
    name = "xcancel" if len(lines) > 1 else "cancel" if lines[0].attrs.get("y1") == "100%" else "bcancel"
    return f"\\{name}{{{body}}}"


def _line(name: str, element: MathElement) -> str:
    return f"\\{name}{{{''.join(_inside(entry) for entry in entries_of(element))}}}"


def _number(element: MathElement) -> str:
    found = _TAG.fullmatch(element.text().strip(UNSEEN))
    return f"\\tag{{{found[1]}}}" if found else ""


# --- tables ---


def _table(element: MathElement) -> str:
    return _table_as(element, "matrix")


def _table_as(table: MathElement, name: str) -> str:
    columns = [inner for inner in table.elements() if any(c.startswith("col-align-") for c in inner.classes)]
    cells = [entries_of(column) for column in columns]
    heights: list[float] = []  # a column has no cell where its row is shorter
    for height in sorted((entry.height for column in cells for entry in column), reverse=True):
        if not heights or heights[-1] - height > MIN_ROW_EM:
            heights.append(height)
    lines = []
    for at in heights:
        here = [next((entry for entry in column if abs(at - entry.height) <= MIN_ROW_EM), None) for column in cells]
        lines.append("&".join(_inside(entry) if entry else "" for entry in here))
    if name == "matrix" and any("col-align-r" in c.classes for c in columns[::2]) and len(columns) > 1:
        name = "aligned" if all("col-align-l" in c.classes for c in columns[1::2]) else name
    return f"\\begin{{{name}}}" + "\\\\".join(lines) + f"\\end{{{name}}}"


def _fenced_table(element: MathElement) -> str:
    """`\\left( matrix \\right)`: a delimiter, one table, a delimiter."""
    inner = [child for child in element.elements() if not names_of(child) & {"strut", "mspace"}]
    if len(inner) != 3 or "mopen" not in names_of(inner[0]) or "mclose" not in names_of(inner[2]):
        return ""
    table = inner[1]
    while "mtable" not in names_of(table):
        below = [child for child in table.elements() if child.text().strip(UNSEEN)]
        if len(below) != 1 or "minner" in names_of(below[0]):
            return ""
        table = below[0]
    opening, closing = (_big_bracket(side) or side.text().strip(UNSEEN) for side in (inner[0], inner[2]))
    name = MATRICES.get((opening, closing)) or ("cases" if opening == "{" and not closing else "")
    return _table_as(table, name) if name else ""


_HANDLERS: dict[str, Callable[[MathElement], str]] = {
    "msupsub": _scripts,
    "mfrac": _fraction,
    "sqrt": _root,
    "op-limits": _limits,
    "accent": _accent,
    "accentunder": lambda element: _line("underline", element),
    "overline": lambda element: _line("overline", element),
    "underline": lambda element: _line("underline", element),
    "mover": _over_under,
    "munder": _over_under,
    "x-arrow": _arrow,
    "llap": _overlaid,
    "mtable": _table,
    "tag": _number,
}

"""Presentation MathML to TeX, and the choice among what a `<math>` element offers.

Sources by rank: a TeX annotation, `alttext`, the presentation. Content MathML and annotations in other languages
(StarMath, MathType) are never printed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from jobs.web.dom import Element
from jobs.web.mathml_elements import MathNode, read_mathml
from jobs.web.mathml_tokens import text_to_tex, token_to_tex
from jobs.web.tex import (
    CleanTex,
    as_substack,
    fold_binomials,
    join_letters,
    join_tex,
    normalise,
    well_formed,
)
from jobs.web.tex_symbols import (
    BIG_OPERATORS,
    ENCLOSURES,
    LIMITED,
    MATRICES,
    OVER_ACCENTS,
    PRIMES,
    UNDER_ACCENTS,
    WIDE,
    tex_of,
)

MAX_MATHML_NODES = 4000
MAX_COLUMNS = 60
MAX_TOKEN_CHARS = 1000
MAX_KEPT_CHARS = 600
"""The TeX of shorter formulas is kept: pages repeat them."""

_TEX_ENCODINGS = frozenset(("application/x-tex", "application/x-latex", "text/x-tex", "text/x-latex", "tex", "latex"))
_TOKENS = frozenset(("mi", "mn", "mo"))
_TABLE_SHELLS = frozenset(("mtable", "mrow", "mstyle", "mpadded"))
_COMMAND = re.compile(r"\\[a-zA-Z]+")
_SPACES = re.compile(r" {2,}")
_SPACE_WIDTH = re.compile(r"(\d{0,3}(?:\.\d{1,6})?)em")


def math_source(math: MathNode) -> str:
    """TeX of a `<math>` element by its best well-formed source; '' if it has none."""
    for candidate in (_annotation(math), math.attrs.get("alttext", "")):
        tex = normalise(candidate)
        if tex and well_formed(tex):
            return CleanTex(tex)
    return mathml_to_tex(math)


def is_display(math: MathNode) -> bool:
    """Whether the element itself asks for display mode."""
    return math.attrs.get("display", "").lower() == "block" or math.attrs.get("mode", "").lower() == "display"


def _annotation(math: MathNode) -> str:
    if not isinstance(math, Element):  # made here from glyphs
        return ""
    for annotation in math.named("annotation"):
        if annotation.attrs.get("encoding", "").strip().lower() in _TEX_ENCODINGS:
            return annotation.text()
    return ""


def mathml_to_tex(math: MathNode) -> str:
    """The presentation as one line of TeX; '' when it is empty or larger than MAX_MATHML_NODES."""
    if math.size() > MAX_MATHML_NODES:
        return ""
    if isinstance(math, Element):
        markup = math.outer()
        return _known(markup) if len(markup) <= MAX_KEPT_CHARS else _read(markup)
    return _written(math)


@lru_cache(2048)
def _known(markup: str) -> str:
    return _read(markup)


def _read(markup: str) -> str:
    math = read_mathml(markup)
    return _written(math) if math else ""


def _written(math: MathNode) -> str:
    tex = _SPACES.sub(" ", _row(math.children)).strip()
    return CleanTex(fold_binomials(join_letters(tex))) if well_formed(tex) else ""


def _row(children: Sequence[MathNode | str]) -> str:
    """Children in a row; a fence around a table becomes a matrix environment."""
    elements = [child for child in children if not isinstance(child, str) and not _dropped(child)]
    if not elements:
        return tex_of("".join(child for child in children if isinstance(child, str)).strip())
    out = ""
    at = 0
    fenced = any(element.tag in _TABLE_SHELLS and _only_table(element) is not None for element in elements[1:])
    while at < len(elements):
        matrix, used = _fenced_table(elements, at) if fenced else ("", 1)
        out = join_tex(out, matrix if matrix else _tex(elements[at]))
        at += used or 1
    return out


def _dropped(element: MathNode) -> bool:
    return element.tag in ("annotation", "annotation-xml", "mphantom", "malignmark", "maligngroup", "script")


def _fenced_table(elements: Sequence[MathNode], at: int) -> tuple[str, int]:
    opening = _operator(elements[at])
    if opening not in ("(", "[", "{", "|", "‖") or at + 1 >= len(elements):
        return "", 0
    table = _only_table(elements[at + 1])
    if table is None:
        return "", 0
    closing = _operator(elements[at + 2]) if at + 2 < len(elements) else ""
    name = MATRICES.get((opening, closing))
    if name:
        return _table(table, name), 3
    if opening == "{":
        return _table(table, "cases"), 3 if closing == "" and _is_operator(elements, at + 2) else 2
    return "", 0


def _is_operator(elements: Sequence[MathNode], at: int) -> bool:
    return at < len(elements) and elements[at].tag == "mo"


def _operator(element: MathNode) -> str:
    while element.tag in ("mrow", "mstyle", "mpadded") and len(element.elements()) == 1:
        element = element.elements()[0]
    return element.text().strip() if element.tag == "mo" else ""


def _only_table(element: MathNode) -> MathNode | None:
    while element.tag in ("mrow", "mstyle", "mpadded"):
        inner = [child for child in element.elements() if child.tag != "mspace" and not _dropped(child)]
        if len(inner) != 1:
            return None
        element = inner[0]
    return element if element.tag == "mtable" else None


def _tex(element: MathNode) -> str:
    tag = element.tag
    if tag in _TOKENS:
        children = element.children
        if not (len(children) == 1 and isinstance(children[0], str)) and _holds_mathml(element):
            return _row(children)
        return token_to_tex(
            tag,
            element.text().strip()[:MAX_TOKEN_CHARS],
            element.attrs.get("mathvariant", ""),
            element.attrs.get("form", ""),
        )
    handler = _HANDLERS.get(tag)
    return handler(element) if handler else _row(element.children)


def _holds_mathml(token: MathNode) -> bool:
    """KaTeX puts a stacked relation into an `mo`, where only characters should stand."""
    return any(child.tag.startswith("m") and child.tag not in ("mglyph", "malignmark") for child in token.elements())


def _parts(element: MathNode, count: int) -> list[str]:
    """The first `count` arguments as TeX, '' where one is missing."""
    children = [child for child in element.elements() if not _dropped(child)]
    if len(children) > count:  # Temml leaves the application of a function among the arguments
        children = [child for child in children if child.tag != "mspace" and child.text() != "\u2061"]
    inner = [_tex(child) for child in children[:count]]
    return inner + [""] * (count - len(inner))


def _space(element: MathNode) -> str:
    """Prefixed MathML in HTML has no self-closing tags: what follows an `mspace` becomes its child."""
    width = _SPACE_WIDTH.fullmatch(element.attrs.get("width", ""))
    space = r"\quad " if width and width[1] and float(width[1] or 0) >= 0.9 else r"\," if width else ""
    return join_tex(space, _row(element.children)) if element.children else space


def _script_base(base: str, element: MathNode) -> str:
    """A base of several parts needs braces; a fence or an operator name does not."""
    inner = element.elements()[0] if element.elements() else element
    compound = inner.tag in ("msup", "msub", "msubsup", "mover", "munder", "munderover") or (
        inner.tag in ("mrow", "mstyle")
        and len(inner.elements()) > 1
        and not re.fullmatch(r"[(\[|].{0,400}[)\]|]", base)
    )
    return f"{{{base}}}" if compound or not base else base


def _sup(element: MathNode) -> str:
    base, sup = _parts(element, 2)
    if sup in PRIMES or set(sup) <= {"'"} and sup:
        return _script_base(base, element) + PRIMES.get(sup, sup)
    if re.fullmatch(r"(?:\\prime ?){1,3}", sup):
        return _script_base(base, element) + "'" * sup.count("prime")
    return f"{_script_base(base, element)}^{{{sup}}}"


def _sub(element: MathNode) -> str:
    base, sub = _parts(element, 2)
    return f"{_script_base(base, element)}_{{{as_substack(sub)}}}"


def _subsup(element: MathNode) -> str:
    base, sub, sup = _parts(element, 3)
    scripts = (f"_{{{as_substack(sub)}}}" if sub else "") + (f"^{{{sup}}}" if sup else "")
    return _script_base(base, element) + scripts


def _core(element: MathNode) -> str:
    """The text of an embellished base, for asking whether limits go under it."""
    first = element.elements()[0] if element.elements() else element
    return first.text().strip().strip("\u2061")


def _takes_limits(element: MathNode) -> bool:
    core = _core(element)
    return core in BIG_OPERATORS or core.replace("\u2009", "").replace(" ", "") in LIMITED


def _over(element: MathNode) -> str:
    base, over = _parts(element, 2)
    inner = element.elements()
    mark = inner[1].text().strip() if len(inner) > 1 else ""
    accent = OVER_ACCENTS.get(mark)
    if accent:
        if len(re.sub(r"\\[a-zA-Z]+|[{}\s]", "x", base)) > 1 and len(_core(element)) > 1:
            accent = WIDE.get(accent, accent)
        return f"\\{accent}{{{base}}}"
    if _takes_limits(element):
        return f"{base}^{{{over}}}"
    if base.startswith((r"\overbrace", r"\rightarrow", r"\longrightarrow")):
        return f"\\xrightarrow{{{over}}}" if "arrow" in base else f"{base}^{{{over}}}"
    return f"\\overset{{{over}}}{{{base}}}"


def _under(element: MathNode) -> str:
    base, under = _parts(element, 2)
    inner = element.elements()
    accent = UNDER_ACCENTS.get(inner[1].text().strip()) if len(inner) > 1 else None
    if accent:
        return f"\\{accent}{{{base}}}"
    if _takes_limits(element) or base.startswith((r"\underbrace", r"\operatorname")):
        return f"{base}_{{{as_substack(under)}}}"
    return f"\\underset{{{under}}}{{{base}}}"


def _underover(element: MathNode) -> str:
    base, under, over = _parts(element, 3)
    if _takes_limits(element):
        return f"{base}_{{{as_substack(under)}}}^{{{over}}}"
    return f"\\underset{{{under}}}{{\\overset{{{over}}}{{{base}}}}}"


def _fraction(element: MathNode) -> str:
    above, below = _parts(element, 2)
    if element.attrs.get("linethickness", "").strip() in ("0", "0px", "0pt", "0em", "0ex"):
        return f"\\genfrac{{}}{{}}{{0pt}}{{}}{{{above}}}{{{below}}}"
    return f"\\frac{{{above}}}{{{below}}}"


def _root(element: MathNode) -> str:
    inside, index = _parts(element, 2)
    return f"\\sqrt[{index}]{{{inside}}}"


def _fenced(element: MathNode) -> str:
    opening = element.attrs.get("open", "(").strip()
    closing = element.attrs.get("close", ")").strip()
    inner = [child for child in element.elements() if not _dropped(child)]
    if len(inner) == 1 and (table := _only_table(inner[0])) is not None:
        name = MATRICES.get((opening, closing)) or ("cases" if opening == "{" and not closing else "")
        if name:
            return _table(table, name)
    separators = "".join(element.attrs.get("separators", ",").split())
    out = tex_of(opening)
    for at, child in enumerate(inner):
        if at and separators:
            out = join_tex(out, tex_of(separators[min(at - 1, len(separators) - 1)]))
        out = join_tex(out, _tex(child))
    return join_tex(out, tex_of(closing))


def _table(table: MathNode, name: str) -> str:
    rows: list[str] = []
    for row in table.elements():
        if row.tag not in ("mtr", "mlabeledtr"):
            continue
        cells = [_row(cell.children).strip() for cell in row.elements() if cell.tag == "mtd"][:MAX_COLUMNS]
        rows.append("&".join(cells[1:] if row.tag == "mlabeledtr" else cells))
    return f"\\begin{{{name}}}" + "\\\\".join(rows) + f"\\end{{{name}}}"


def _plain_table(table: MathNode) -> str:
    """A table that no fence encloses: an aligned display when its columns alternate, else a plain matrix."""
    classes = table.attrs.get("columnalign", "")
    aligned = "right" in classes and "left" in classes or table.attrs.get("displaystyle") == "true"
    return _table(table, "aligned" if aligned else "matrix")


def _prescripts(element: MathNode) -> str:
    parts = [
        (child.tag, _tex(child) if child.tag not in ("none", "mprescripts") else "") for child in element.elements()
    ]
    base = parts[0][1] if parts else ""
    split = next((at for at, (tag, _) in enumerate(parts) if tag == "mprescripts"), len(parts))
    after = _script_pairs([tex for _, tex in parts[1:split]])
    before = _script_pairs([tex for _, tex in parts[split + 1 :]])
    return (f"{{}}{before}" if before else "") + base + after


def _script_pairs(parts: list[str]) -> str:
    subs, sups = "".join(parts[::2]), "".join(parts[1::2])
    return (f"_{{{subs}}}" if subs else "") + (f"^{{{sups}}}" if sups else "")


def _enclosed(element: MathNode) -> str:
    inner = _row(element.children)
    name = next((ENCLOSURES[word] for word in element.attrs.get("notation", "").split() if word in ENCLOSURES), "")
    return f"\\{name}{{{inner}}}" if name else inner


def _first(element: MathNode) -> str:
    inner = [child for child in element.elements() if not _dropped(child)]
    return _tex(inner[0]) if inner else ""


_HANDLERS = {
    "mtext": text_to_tex,
    "ms": text_to_tex,
    "mspace": _space,
    "msup": _sup,
    "msub": _sub,
    "msubsup": _subsup,
    "mover": _over,
    "munder": _under,
    "munderover": _underover,
    "mfrac": _fraction,
    "msqrt": lambda element: f"\\sqrt{{{_row(element.children)}}}",
    "mroot": _root,
    "mfenced": _fenced,
    "mtable": _plain_table,
    "mmultiscripts": _prescripts,
    "menclose": _enclosed,
    "semantics": _first,
    "maction": _first,
}

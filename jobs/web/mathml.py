"""Presentation MathML to TeX, and the choice among what a `<math>` element offers.

Sources by rank: a TeX annotation, `alttext`, the presentation. Content MathML and annotations in other languages
(StarMath, MathType) are never printed.
"""

from __future__ import annotations

import re

from jobs.web.dom import Element
from jobs.web.tex import fold_binomials, join_tex, normalise, well_formed
from jobs.web.tex_symbols import (
    BIG_OPERATORS,
    ENCLOSURES,
    FONT_VARIANTS,
    FUNCTIONS,
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

_TEX_ENCODINGS = frozenset(("application/x-tex", "application/x-latex", "text/x-tex", "text/x-latex", "tex", "latex"))
_SPACE_WIDTH = re.compile(r"(\d{0,3}(?:\.\d{1,6})?)em")


def math_source(math: Element) -> str:
    """TeX of a `<math>` element by its best well-formed source; '' if it has none."""
    for candidate in (_annotation(math), math.attrs.get("alttext", "")):
        tex = normalise(candidate)
        if tex and well_formed(tex):
            return tex
    return mathml_to_tex(math)


def is_display(math: Element) -> bool:
    """Whether the element itself asks for display mode."""
    return math.attrs.get("display", "").lower() == "block" or math.attrs.get("mode", "").lower() == "display"


def _annotation(math: Element) -> str:
    for element in math.walk():
        if element.tag == "annotation" and element.attrs.get("encoding", "").strip().lower() in _TEX_ENCODINGS:
            return element.text()
    return ""


def mathml_to_tex(math: Element) -> str:
    """The presentation as one line of TeX; '' when it is empty or larger than MAX_MATHML_NODES."""
    for count, _ in enumerate(math.walk()):
        if count > MAX_MATHML_NODES:
            return ""
    tex = re.sub(r" {2,}", " ", _row(math.children)).strip()
    return fold_binomials(tex) if well_formed(tex) else ""


def _row(children: list) -> str:  # type: ignore[type-arg]
    """Children in a row; a fence around a table becomes a matrix environment."""
    elements = [child for child in children if isinstance(child, Element) and not _dropped(child)]
    if not elements:
        return tex_of("".join(child for child in children if isinstance(child, str)).strip())
    out = ""
    at = 0
    while at < len(elements):
        matrix, used = _fenced_table(elements, at)
        if used:
            out = join_tex(out, matrix)
            at += used
            continue
        out = join_tex(out, _tex(elements[at]))
        at += 1
    return out


def _dropped(element: Element) -> bool:
    return element.tag in ("annotation", "annotation-xml", "mphantom", "malignmark", "maligngroup", "script")


def _fenced_table(elements: list[Element], at: int) -> tuple[str, int]:
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


def _is_operator(elements: list[Element], at: int) -> bool:
    return at < len(elements) and elements[at].tag == "mo"


def _operator(element: Element) -> str:
    while element.tag in ("mrow", "mstyle", "mpadded") and len(element.elements()) == 1:
        element = element.elements()[0]
    return element.text().strip() if element.tag == "mo" else ""


def _only_table(element: Element) -> Element | None:
    while element.tag in ("mrow", "mstyle", "mpadded"):
        inner = [child for child in element.elements() if child.tag != "mspace" and not _dropped(child)]
        if len(inner) != 1:
            return None
        element = inner[0]
    return element if element.tag == "mtable" else None


def _tex(element: Element) -> str:
    handler = _HANDLERS.get(element.tag)
    return handler(element) if handler else _row(element.children)


def _parts(element: Element, count: int) -> list[str]:
    """The first `count` arguments as TeX, '' where one is missing."""
    inner = [_tex(child) for child in element.elements() if not _dropped(child)][:count]
    return inner + [""] * (count - len(inner))


def _identifier(element: Element) -> str:
    text = element.text().strip()
    variant = element.attrs.get("mathvariant", "")
    if len(text) > 1 and text.isalpha() and text.isascii():
        if text in FUNCTIONS:
            return f"\\{text}"
        font = FONT_VARIANTS.get(variant, "mathrm")
        return f"\\{font}{{{text}}}" if variant != "italic" else f"\\mathit{{{text}}}"
    tex = tex_of(text)
    font = FONT_VARIANTS.get(variant, "")
    if not font or not tex or (font == "mathrm" and not (text.isascii() and text.isalpha())):
        return tex
    return f"\\{font}{{{tex}}}"


def _number(element: Element) -> str:
    tex = tex_of(element.text().strip())
    font = FONT_VARIANTS.get(element.attrs.get("mathvariant", ""), "")
    return f"\\{font}{{{tex}}}" if font and font != "mathrm" else tex


def _operator_tex(element: Element) -> str:
    text = element.text().strip()
    if text in FUNCTIONS:
        return f"\\{text}"
    if len(text) > 1 and text.isascii() and text.isalpha():
        return f"\\operatorname{{{text}}}"
    if text == "|":
        form = element.attrs.get("form", "")
        return r"\lvert" if form == "prefix" else r"\rvert" if form == "postfix" else "|"
    return tex_of(text)


def _text(element: Element) -> str:
    text = re.sub(r"[\s\u00a0]+", " ", element.text())
    if not text.strip():
        return r"\ " if text else ""
    return "\\text{" + re.sub(r"([#%&_{}$])", r"\\\1", text.replace("\\", r"\backslash ")) + "}"


def _space(element: Element) -> str:
    """Prefixed MathML in HTML has no self-closing tags: what follows an `mspace` becomes its child."""
    width = _SPACE_WIDTH.fullmatch(element.attrs.get("width", ""))
    space = r"\quad " if width and width[1] and float(width[1] or 0) >= 0.9 else r"\," if width else ""
    return join_tex(space, _row(element.children)) if element.children else space


def _script_base(base: str, element: Element) -> str:
    """A base of several parts needs braces; a fence or an operator name does not."""
    inner = element.elements()[0] if element.elements() else element
    compound = inner.tag in ("msup", "msub", "msubsup", "mover", "munder", "munderover") or (
        inner.tag in ("mrow", "mstyle")
        and len(inner.elements()) > 1
        and not re.fullmatch(r"[(\[|].{0,400}[)\]|]", base)
    )
    return f"{{{base}}}" if compound or not base else base


def _sup(element: Element) -> str:
    base, sup = _parts(element, 2)
    if sup in PRIMES or set(sup) <= {"'"} and sup:
        return _script_base(base, element) + PRIMES.get(sup, sup)
    if re.fullmatch(r"(?:\\prime ?){1,3}", sup):
        return _script_base(base, element) + "'" * sup.count("prime")
    return f"{_script_base(base, element)}^{{{sup}}}"


def _sub(element: Element) -> str:
    base, sub = _parts(element, 2)
    return f"{_script_base(base, element)}_{{{sub}}}"


def _subsup(element: Element) -> str:
    base, sub, sup = _parts(element, 3)
    scripts = (f"_{{{sub}}}" if sub else "") + (f"^{{{sup}}}" if sup else "")
    return _script_base(base, element) + scripts


def _core(element: Element) -> str:
    """The text of an embellished base, for asking whether limits go under it."""
    first = element.elements()[0] if element.elements() else element
    return first.text().strip().strip("\u2061")


def _takes_limits(element: Element) -> bool:
    core = _core(element)
    return core in BIG_OPERATORS or core.replace("\u2009", "").replace(" ", "") in LIMITED


def _over(element: Element) -> str:
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


def _under(element: Element) -> str:
    base, under = _parts(element, 2)
    inner = element.elements()
    accent = UNDER_ACCENTS.get(inner[1].text().strip()) if len(inner) > 1 else None
    if accent:
        return f"\\{accent}{{{base}}}"
    if _takes_limits(element) or base.startswith((r"\underbrace", r"\operatorname")):
        return f"{base}_{{{under}}}"
    return f"\\underset{{{under}}}{{{base}}}"


def _underover(element: Element) -> str:
    base, under, over = _parts(element, 3)
    if _takes_limits(element):
        return f"{base}_{{{under}}}^{{{over}}}"
    return f"\\underset{{{under}}}{{\\overset{{{over}}}{{{base}}}}}"


def _fraction(element: Element) -> str:
    above, below = _parts(element, 2)
    if element.attrs.get("linethickness", "").strip() in ("0", "0px", "0pt", "0em", "0ex"):
        return f"\\genfrac{{}}{{}}{{0pt}}{{}}{{{above}}}{{{below}}}"
    return f"\\frac{{{above}}}{{{below}}}"


def _root(element: Element) -> str:
    inside, index = _parts(element, 2)
    return f"\\sqrt[{index}]{{{inside}}}"


def _fenced(element: Element) -> str:
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


def _table(table: Element, name: str) -> str:
    rows: list[str] = []
    for row in table.elements():
        if row.tag not in ("mtr", "mlabeledtr"):
            continue
        cells = [_row(cell.children).strip() for cell in row.elements() if cell.tag == "mtd"][:MAX_COLUMNS]
        rows.append("&".join(cells[1:] if row.tag == "mlabeledtr" else cells))
    return f"\\begin{{{name}}}" + "\\\\".join(rows) + f"\\end{{{name}}}"


def _plain_table(table: Element) -> str:
    """A table that no fence encloses: an aligned display when its columns alternate, else a plain matrix."""
    classes = table.attrs.get("columnalign", "")
    aligned = "right" in classes and "left" in classes or table.attrs.get("displaystyle") == "true"
    return _table(table, "aligned" if aligned else "matrix")


def _prescripts(element: Element) -> str:
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


def _enclosed(element: Element) -> str:
    inner = _row(element.children)
    name = next((ENCLOSURES[word] for word in element.attrs.get("notation", "").split() if word in ENCLOSURES), "")
    return f"\\{name}{{{inner}}}" if name else inner


def _first(element: Element) -> str:
    inner = [child for child in element.elements() if not _dropped(child)]
    return _tex(inner[0]) if inner else ""


_HANDLERS = {
    "mi": _identifier,
    "mn": _number,
    "mo": _operator_tex,
    "mtext": _text,
    "ms": _text,
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

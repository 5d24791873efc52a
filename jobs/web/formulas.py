"""Formulas in a page's markup: found before anything else looks at the page, and put in the tree as leaves.

One formula often stands in the page two to four times (source script, assistive MathML, rendered glyphs, fallback
image, preview). Twins are resolved by container and by neighbourhood, and the best source is kept:
TeX source > annotation > `alttext`, `alt`, `data-*` > presentational MathML > glyphs.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from jobs.web.asciimath import asciimath_to_tex
from jobs.web.dom import Element, Leaf, parse_html
from jobs.web.formula_images import image_formula
from jobs.web.katex_html import katex_html_to_tex
from jobs.web.mathml import is_display, math_source, mathml_to_tex
from jobs.web.page_config import PageConfig
from jobs.web.tex import join_tex, normalise, well_formed, without_definitions

HINTS = (
    "<math",
    ":math",
    "math/",
    "katex",
    "mjx-",
    "MathJax",
    "mwe-math",
    "math-",
    "ql-formula",
    "data-tex",
    "data-expr",
    "data-math",
    "data-formula",
    "data-latex",
    "data-equation",
    "data-value",
    "data-original-mathml",
    "latex",
    "codecogs",
    "/equation",
    "equation_",
    "mimetex",
    "mathtex",
    "tex.cgi",
    "render/math",
    "cht=tx",
    "upmath",
    "math.now.sh",
    "tex-math",
    "la-tex",
    'class="math',
    "class='math",
    "class=math",
    'class="tex',
    "class='tex",
    " math ",
    "arithmatex",
    "mathjaxloader",
    "ltx_",
    "\\",
)
"""Literal searches over the raw page, ten times faster than one pattern; without a hit nothing is to be found."""


def may_hold_formulas(html: str) -> bool:
    """Whether the page holds any sign of formula markup."""
    return any(hint in html for hint in HINTS)


_RENDERED = frozenset(
    """MathJax MathJax_Preview MathJax_Display MathJax_CHTML MathJax_SVG MathJax_SVG_Display MathJax_MathML mjx-chtml
    MJXc-display MathJax_PHTML MathJax_PlainSource MathJax_Processed MathJax_Processing""".split()
)
_RENDERED_DISPLAY = frozenset(("MathJax_Display", "MathJax_SVG_Display", "MJXc-display", "MathJax_CHTML_Display"))
_DISPLAY_WRAPPERS = frozenset(("katex-display", "katex--display"))
_OWN_DELIMITERS = frozenset(
    """math-container filter_mathjaxloader_equation arithmatex math-tex math-inline math-display mathjax-block
    mathjax-inline math-block tex2jax_process notranslate""".split()
)
_TEX_TAGS = frozenset(("tex-math", "d-math", "math-field", "math-renderer", "la-tex", "x-equation"))
_DATA_NAMES = (
    "data-tex",
    "data-expr",
    "data-latex",
    "data-math",
    "data-formula",
    "data-equation-content",
    "data-equation",
)
_DATA_CLASSES = re.compile(r"tex|math|latex|formula|equation|katex", re.I)
_DELIMITED = re.compile(r"\s*(\\\(|\\\[|\$\$|\$)(.*?)(\\\)|\\\]|\$\$|\$)\s*", re.S)
_JATS_BODY = re.compile(r"\\begin\{document\}(.*?)\\end\{document\}", re.S)
_SKIPPED = frozenset(("pre", "code", "textarea", "style", "script", "title"))


class Formula(Leaf):
    """A finished formula: clean TeX, its mode, and the kind of source it came from."""

    __slots__ = ("tex", "display", "kind")

    def __init__(self, tex: str, display: bool, kind: str) -> None:
        self.tex = tex
        self.display = display
        self.kind = kind


@dataclass
class Ledger:
    """Formulas of a page by kind: seen in the page, printed into its text."""

    seen: Counter[str] = field(default_factory=Counter)
    printed: Counter[str] = field(default_factory=Counter)


Source = tuple[str, bool, str]
"""(raw or finished TeX, display, kind); '' for TeX means seen and lost."""


class FormulaFinder:
    """Replaces the formulas of one tree by leaves."""

    def __init__(self, config: PageConfig, ledger: Ledger) -> None:
        self.config = config
        self.ledger = ledger

    def resolve(self, element: Element, display: bool = False) -> None:
        """Find the formulas among and below the children of an element."""
        children = element.children
        if element.tag in _SKIPPED:
            return
        kept: list[Element | Leaf | str] = []
        changed = False
        for at, child in enumerate(children):
            if not isinstance(child, Element):
                kept.append(child)
                continue
            if child.source and child.classes & _RENDERED and _source_follows(children, at):
                changed = True
                continue
            source = self._source(child, display, element)
            if source is None:
                if child.children:
                    shown = display or (child.source and bool(child.classes & _DISPLAY_WRAPPERS))
                    self.resolve(child, bool(shown))
                kept.append(child)
            else:
                kept.extend(self._leaves(*source))
                changed = True
        if changed:
            element.children = kept

    def _leaves(self, raw: str, display: bool, kind: str) -> list[Leaf]:
        tex = normalise(raw, self.config.macros)
        if self.config.macros and raw and ("\\newcommand" in raw or "\\def" in raw or "\\Declare" in raw):
            tex = normalise(without_definitions(raw), self.config.macros)
            if not tex:
                return []
        self.ledger.seen[kind] += 1
        return [Formula(tex, display, kind)] if tex and well_formed(tex) else []

    def _source(self, element: Element, display: bool, parent: Element) -> Source | None:
        """What formula an element is, None if it is none."""
        tag = element.tag
        if tag == "script":
            return _script(element)
        if tag == "math":
            return math_source(element), display or is_display(element), "mathml"
        if tag == "img":
            found = image_formula(element, parent)
            return (found[0], display or found[1], found[2]) if found else None
        if tag == "mjx-container":
            return _mathjax3(element)
        if tag in _TEX_TAGS:
            return _custom_element(element)
        if tag == "table" and "ltx_eqn_table" in element.classes:
            return self._latexml_table(element)
        if not element.source:
            return None
        found = self._by_class(element, display) if "class=" in element.source else None
        return found or (_by_data(element, display) if "data-" in element.source else None)

    def _by_class(self, element: Element, display: bool) -> Source | None:
        classes = element.classes
        if not classes:
            return None
        if "katex" in classes or "katex-mathml" in classes:
            return _katex(element, display)
        if "katex-error" in classes:
            return element.text(), display, "katex"
        if "mwe-math-element" in classes:
            return _mediawiki(element)
        if classes & _RENDERED:
            return _rendered(element)
        if "ql-formula" in classes and element.attrs.get("data-value"):
            return element.attrs["data-value"], display, "data_attribute"
        if "wp-katex-eq" in classes:
            return element.text(), element.attrs.get("data-display", "") == "true", "katex"
        if classes & _OWN_DELIMITERS or "math" in classes or "tex" in classes:
            return _own_delimiters(element, classes, self.config)
        return None

    def _latexml_table(self, table: Element) -> Source | None:
        """LaTeXML lays an equation out as a table; its cells are pieces of one formula, its number is a tag."""
        rows: list[str] = []
        for row in (element for element in table.walk() if element.tag == "tr"):
            pieces = [math_source(math) for math in row.walk() if math.tag == "math"]
            tex = ""
            for piece in pieces:
                tex = join_tex(tex, piece) if not tex else f"{tex} {piece}"
            number = next((e.text().strip() for e in row.walk() if "ltx_tag_equation" in e.classes), "")
            if tex:
                rows.append(tex + (f"\\tag{{{number.strip('()')}}}" if number and len(number) < 20 else ""))
        if not rows:
            return None
        tex = rows[0] if len(rows) == 1 else "\\begin{gathered}" + " \\\\ ".join(rows) + "\\end{gathered}"
        return tex, True, "latexml"


def _script(script: Element) -> Source | None:
    kind = script.attrs.get("type", "").lower().replace(" ", "")
    if not kind.startswith("math/"):
        return None
    text = script.text()
    display = "mode=display" in kind
    if kind.startswith("math/asciimath"):
        return asciimath_to_tex(text), display, "asciimath"
    if kind.startswith("math/mml"):
        math = parse_html(text).root.find("math")
        return (math_source(math) if math else ""), display or (math is not None and is_display(math)), "mathml"
    return text, display, "mathjax_script"


def _source_follows(children: list[Element | Leaf | str], at: int) -> bool:
    """Whether a rendered formula's source script stands behind it, other renderings of the same formula between."""
    for child in children[at + 1 : at + 8]:
        if isinstance(child, str):
            if child.strip():
                return False
        elif isinstance(child, Element):
            if child.tag == "script":
                return child.attrs.get("type", "").lower().startswith("math/")
            if not child.classes & _RENDERED and child.tag != "mjx-container":
                return False
    return False


def _mathjax3(container: Element) -> Source:
    display = container.attrs.get("display", "").lower() in ("true", "block")
    for element in container.walk():
        if element.attrs.get("data-latex") and (
            element.attrs.get("data-mml-node") == "math" or element.tag in ("mjx-math", "math", "mjx-container")
        ):
            return element.attrs["data-latex"], display, "mathjax_rendered"
    math = container.find("math")
    return (math_source(math) if math else ""), display or bool(math and is_display(math)), "mathjax_rendered"


def _rendered(element: Element) -> Source | None:
    """A formula that MathJax 2 drew and whose script is gone."""
    if "MathJax_Preview" in element.classes:
        return None
    display = any(e.classes & _RENDERED_DISPLAY for e in element.walk())
    for holder in element.walk():
        encoded = holder.attrs.get("data-mathml") or holder.attrs.get("data-original-mathml")
        if encoded and (math := parse_html(encoded).root.find("math")):
            return math_source(math), display or is_display(math), "mathjax_rendered"
        if holder.tag == "script" and (source := _script(holder)):
            return source
        if holder.tag == "math":
            return math_source(holder), display or is_display(holder), "mathjax_rendered"
    return ("", display, "mathjax_rendered") if element.tag in ("span", "div") and element.elements() else None


def _katex(element: Element, display: bool) -> Source:
    math = element if element.tag == "math" else element.find("math")
    display = display or "katex-display" in element.classes
    if math is not None and (tex := math_source(math)):
        return tex, display or is_display(math), "katex"
    html = next((inner for inner in element.walk() if "katex-html" in inner.classes), None)
    return (katex_html_to_tex(html) if html else ""), display, "katex_html"


def _mediawiki(element: Element) -> Source | None:
    math = element.find("math")
    image = element.find("img")
    names = element.attrs.get("class", "") + " ".join(inner.attrs.get("class", "") for inner in element.elements())
    names += image.attrs.get("class", "") if image else ""
    display = "block" in names or "display" in names.replace("displaystyle", "")
    if math is not None and (tex := math_source(math)):
        return tex, display or is_display(math), "mediawiki"
    return (image.attrs.get("alt", "") if image else ""), display, "mediawiki"


def _custom_element(element: Element) -> Source:
    text = element.text()
    if body := _JATS_BODY.search(text):
        text = body[1]
    tex, mode = undelimited(text)
    block = element.tag == "d-math" and "block" in element.attrs
    return tex, block or mode == "display" or "js-display-math" in element.classes, "custom_element"


def undelimited(text: str) -> tuple[str, str]:
    """(TeX, 'display' | 'inline' | '') of a container's text, less the delimiters around all of it."""
    found = _DELIMITED.fullmatch(text)
    if found and (found[1], found[3]) in (("\\(", "\\)"), ("\\[", "\\]"), ("$$", "$$"), ("$", "$")):
        return found[2], "display" if found[1] in ("\\[", "$$") else "inline"
    return text, "display" if text.lstrip().startswith("\\begin{") else ""


def _own_delimiters(element: Element, classes: frozenset[str], config: PageConfig) -> Source | None:
    """A container whose text is one formula with its delimiters, or (Pandoc's `math inline`) without them."""
    if any(
        inner.tag not in ("span", "br", "em", "i") or inner.attrs.get("class", "nolink") != "nolink"
        for inner in element.walk()
        if inner is not element
    ):
        return None
    text = element.text().strip()
    if not text or len(text) > 8000:
        return None
    tex, mode = undelimited(text)
    if any(inner.tag != "span" for inner in element.walk() if inner is not element):
        return None
    if not mode and not ({"inline", "display"} & classes and "math" in classes):
        return None
    if mode == "inline" and text.count("$") > 2 or (mode and any(sign in tex for sign in ("\\)", "\\]", "$$"))):
        return None  # several formulas: the delimiters in the text tell them apart
    return tex, mode == "display" or "display" in classes, "container"


def _by_data(element: Element, display: bool) -> Source | None:
    """A `data-*` attribute with the source, on an element that its class or its value marks as a formula."""
    for name in _DATA_NAMES:
        value = element.attrs.get(name, "").strip()
        if (
            not value
            or value in ("true", "false", "1", "0")
            or element.tag in ("body", "html", "main", "article", "section")
        ):
            continue
        names = element.attrs.get("class", "")
        if _DATA_CLASSES.search(names) or "\\" in value or "^" in value:
            tex, mode = undelimited(value)
            return tex, display or mode == "display" or "display" in names or "block" in names, "data_attribute"
    if encoded := element.attrs.get("data-mathml") or element.attrs.get("data-original-mathml"):
        math = parse_html(encoded).root.find("math")
        return (mathml_to_tex(math) if math else ""), display, "data_attribute"
    return None

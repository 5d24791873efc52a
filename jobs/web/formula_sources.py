"""What formula one element of a page is: the best of the forms that the element holds of it.

TeX source > annotation > `alttext`, `alt`, `data-*` > presentational MathML > drawn glyphs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import islice

from jobs.web.asciimath import asciimath_to_tex
from jobs.web.dom import Element, parse_html
from jobs.web.formula_images import image_formula
from jobs.web.formula_names import DATA_NAMES, OWN_DELIMITERS, RENDERED, TEX_TAGS
from jobs.web.html_math import html_math
from jobs.web.katex_html import katex_html_to_tex
from jobs.web.latexml import equation_table
from jobs.web.mathjax2_glyphs import mathjax2_math
from jobs.web.mathjax_glyphs import mathjax_math
from jobs.web.mathml import is_display, math_source, mathml_to_tex
from jobs.web.page_config import PageConfig
from jobs.web.tex import well_formed

MAX_CONTAINER_CHARS = 8000

Source = tuple[str, bool, str]
"""(raw or finished TeX, display, kind); '' for TeX means seen and lost."""

_RENDERED_DISPLAY = frozenset(
    ("MathJax_Display", "MathJax_SVG_Display", "MJXc-display", "MathJax_CHTML_Display", "mjpage__block")
)
_DATA_CLASSES = re.compile(r"tex|math|latex|formula|equation|katex", re.I)
_DELIMITED = re.compile(r"\s*(\\\(|\\\[|\$\$|\$)(.*?)(\\\)|\\\]|\$\$|\$)\s*", re.S)
_JATS_BODY = re.compile(r"\\begin\{document\}(.*?)\\end\{document\}", re.S)
_TEX_LABEL = re.compile(r"\\[a-zA-Z]+|[_^]|^\S{1,3}$")
"""An `aria-label` that is TeX, where other settings put the formula's words."""
_WORDS = re.compile(r"[A-Za-z]{4,}\s+[A-Za-z]{2,}")
_BARE_TEX = re.compile(r"\\[a-zA-Z]{2,}|[A-Za-z0-9)}\]]\s?[_^]\s?[{A-Za-z0-9\\(]")
"""TeX in a container that carries no delimiters."""
_NUMBER = re.compile(r"\(?([\w.]{1,12})\)?")
_WIRIS = str.maketrans({"«": "<", "»": ">", "¨": '"', "§": "&", "`": "'"})
"""How the Wiris editors write MathML into an attribute."""
_PAGE_PARTS = frozenset(("body", "html", "main", "article", "section"))


def formula_source(element: Element, config: PageConfig, display: bool) -> Source | None:
    """What formula an element is, None if it is none; `display`: something around it shows it on a line of its own."""
    tag = element.tag
    if tag == "math":
        return math_source(element), display or is_display(element), "mathml"
    if tag == "script":
        return script_formula(element)
    if tag == "img":
        found = _wiris(element, display) or image_formula(element)
        return (found[0], display or found[1], found[2]) if found else None
    if tag == "mjx-container":
        return _mathjax3(element)
    if tag in TEX_TAGS:
        return _custom_element(element, display)
    if tag == "svg":
        return _drawing(element, display)
    if tag in ("inline-formula", "disp-formula", "alternatives"):
        return _alternatives(element, display)
    if not element.source:
        return None
    found = _by_class(element, config, display) if "class=" in element.source else None
    return found or (_by_data(element, display) if "data-" in element.source else None)


def script_formula(script: Element) -> Source | None:
    """The formula of a `math/tex`, `math/asciimath` or `math/mml` script."""
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


def undelimited(text: str) -> tuple[str, str]:
    """(TeX, 'display' | 'inline' | '') of a container's text, less the delimiters around all of it."""
    found = _DELIMITED.fullmatch(text)
    if found and (found[1], found[3]) in (("\\(", "\\)"), ("\\[", "\\]"), ("$$", "$$"), ("$", "$")):
        return found[2], "display" if found[1] in ("\\[", "$$") else "inline"
    return text, "display" if text.lstrip().startswith("\\begin{") else ""


# --- renderers ---


def _mathjax3(container: Element) -> Source:
    display = container.attrs.get("display", "").lower() in ("true", "block")
    for element in container.walk() if container.holds(b"data-latex") else ():
        if element.attrs.get("data-latex") and (
            element.attrs.get("data-mml-node") == "math" or element.tag in ("mjx-math", "math", "mjx-container")
        ):
            return element.attrs["data-latex"], display, "mathjax_rendered"
    math = container.find("math")
    if math is not None and (tex := math_source(math)):
        return tex, display or is_display(math), "mathjax_rendered"
    drawn = mathjax_math(container)
    return (mathml_to_tex(drawn) if drawn else ""), display, "mathjax_rendered"


def _rendered(element: Element) -> Source | None:
    """A formula that MathJax 2 drew and whose script is gone."""
    if "MathJax_Preview" in element.classes:
        return None
    display = any(e.classes & _RENDERED_DISPLAY for e in element.walk())
    label = ""
    for holder in element.walk():
        encoded = holder.attrs.get("data-mathml") or holder.attrs.get("data-original-mathml")
        if encoded and (math := parse_html(encoded).root.find("math")):
            return math_source(math), display or is_display(math), "mathjax_rendered"
        if holder.tag == "script" and (source := script_formula(holder)):
            return source
        if holder.tag == "math":
            return math_source(holder), display or is_display(holder), "mathjax_rendered"
        if holder.tag == "title" and holder.attrs.get("id", "").startswith("MathJax-SVG"):
            label = holder.text()
        elif "mjx-math" in holder.classes and _TEX_LABEL.search(holder.attrs.get("aria-label", "")):
            label = holder.attrs["aria-label"]
    if label and well_formed(label) and not _WORDS.match(label):
        return label, display, "mathjax_rendered"
    drawn = mathjax2_math(element)
    if drawn is not None and (tex := mathml_to_tex(drawn)):
        return tex, display, "mathjax_rendered"
    return ("", display, "mathjax_rendered") if element.tag in ("span", "div") and element.elements() else None


def _drawing(svg: Element, display: bool) -> Source | None:
    """An SVG that MathJax drew on a server and nothing of MathJax's surrounds."""
    if not (svg.holds(b"data-mml-node") or svg.holds(b"MathJax-SVG")):
        return None
    first = list(islice(svg.walk(), 5))
    if any(inner.attrs.get("data-mml-node") == "math" for inner in first):
        return _mathjax3(svg)
    title = first[1] if len(first) > 1 else svg
    if title.tag == "title" and title.attrs.get("id", "").startswith("MathJax-SVG"):
        return title.text(), display, "mathjax_rendered"
    return None


def _katex(element: Element, display: bool) -> Source:
    math = element if element.tag == "math" else element.find("math")
    display = display or "katex-display" in element.classes
    if math is not None and (tex := math_source(math)):
        return tex, display or is_display(math), "katex"
    html = next((inner for inner in element.walk() if "katex-html" in inner.classes), None)
    return (katex_html_to_tex(html) if html else ""), display, "katex_html"


def _katex_error(element: Element, display: bool) -> Source:
    tex, mode = undelimited(element.text())
    return tex, display or mode == "display", "katex"


def _mediawiki(element: Element, display: bool) -> Source:
    math = element.find("math")
    image = element.find("img")
    names = element.attrs.get("class", "") + " ".join(inner.attrs.get("class", "") for inner in element.elements())
    names += image.attrs.get("class", "") if image else ""
    display = display or "block" in names or "display" in names.replace("displaystyle", "")
    if math is not None and (tex := math_source(math)):
        return tex, display or is_display(math), "mediawiki"
    if image is not None and image.attrs.get("alt", "").strip():
        return image.attrs["alt"], display, "mediawiki"
    for holder in element.walk():
        if holder.attrs.get("data-alt", "").strip():  # what a phone loads later
            return holder.attrs["data-alt"], display, "mediawiki"
    return undelimited(element.text())[0], display, "mediawiki"


def _mathquill(element: Element, display: bool) -> Source | None:
    """MathQuill keeps the TeX, in dollars, in what its reader can select."""
    for holder in element.walk():
        if holder.classes & {"mq-selectable", "selectable"} and (text := holder.text().strip()):
            return undelimited(text)[0], display, "mathquill"
    return None


def _substack(element: Element, display: bool) -> Source | None:
    try:
        settings = json.loads(element.attrs.get("data-attrs", ""))
    except (ValueError, RecursionError):
        return None
    tex = settings.get("persistentExpression") if isinstance(settings, dict) else None
    return (tex, True, "data_attribute") if isinstance(tex, str) else None


# --- containers ---


def _custom_element(element: Element, display: bool) -> Source | None:
    if any(inner.tag in ("math", "mjx-container", "p", "div") or "katex" in inner.classes for inner in element.walk()):
        return None  # what is drawn inside is the formula
    text = element.text()
    if body := _JATS_BODY.search(text):
        text = body[1]
    if element.tag == "mathjax" and (hashed := re.fullmatch(r"\s*#([^#]*)#\s*", text)):
        return asciimath_to_tex(hashed[1]), display, "asciimath"
    tex, mode = undelimited(text)
    names = " ".join((element.attrs.get("class", ""), element.attrs.get("env", ""), element.attrs.get("display", "")))
    block = "block" in element.attrs or "display" in names or "block" in names or "true" in names.split()
    return tex, display or block or mode == "display" or element.tag == "katex-display", "custom_element"


def _alternatives(element: Element, display: bool) -> Source | None:
    """JATS gives one formula as TeX, MathML and picture side by side; one of them is enough."""
    display = display or element.tag == "disp-formula"
    for tag in ("tex-math", "math"):
        found = element.find(tag)
        if found is None:
            continue
        raw = _custom_element(found, display) if tag == "tex-math" else (math_source(found), display, "mathml")
        if raw and raw[0]:
            return raw[0], display or (tag == "math" and is_display(found)), raw[2]
    return None


def _quoted_asciimath(element: Element, display: bool) -> Source | None:
    quoted = re.fullmatch(r"\s*`([^`]{1,1000})`\s*", element.text())
    return (asciimath_to_tex(quoted[1]), display, "asciimath") if quoted else None


def _code_formula(element: Element, display: bool) -> Source | None:
    """What GitLab, Gitea and remark put into `code` for a script to draw."""
    if element.elements() and not all(inner.tag == "code" for inner in element.elements()):
        return None
    tex, mode = undelimited(element.text())
    names = element.attrs.get("class", "") + element.attrs.get("data-math-style", "")
    block = element.tag == "pre" or "display" in names or mode == "display"
    return tex, display or block, "container"


def _own_delimiters(element: Element, config: PageConfig, display: bool) -> Source | None:
    """A container whose text is one formula with its delimiters, or (Pandoc's `math inline`) without them."""
    classes = element.classes
    inner = list(element.walk())[1:] if element.size() > 1 else []
    if inner and "math" in classes and classes & {"inline", "display"} and (tex := html_math(element)):
        return tex, display or "display" in classes, "html_math"
    text, number = _without_number(element, inner) if inner and "math" in classes else (element.text(), "")
    if not number and any(below.tag != "span" or below.attrs.get("class", "nolink") != "nolink" for below in inner):
        return None
    text = text.strip()
    if not text or len(text) > MAX_CONTAINER_CHARS:
        return None
    tex, mode = undelimited(text)
    block = bool(classes & {"display", "math-display"}) or (element.tag == "div" and not mode)
    named = "math" in classes and bool(classes & {"inline", "display", "math-inline", "math-display"})
    if not mode and not named and not (classes <= {"math", "tex"} and not inner and _BARE_TEX.search(text)):
        return None
    if classes & {"inline", "math-inline"} and mode != "inline":
        mode = ""  # a matrix in a line of text begins with an environment too
    if (mode == "inline" and text.count("$") > 2) or (mode and any(sign in tex for sign in ("\\)", "\\]", "$$"))):
        return None  # several formulas: the delimiters in the text tell them apart
    return tex + number, display or mode == "display" or block, "container"


def _without_number(element: Element, inner: list[Element]) -> tuple[str, str]:
    """(text, tag) of Sphinx's `div.math`, which holds the number of its equation too."""
    number = next((below for below in inner if "eqno" in below.classes), None)
    if number is None or any(
        isinstance(child, Element) and child.classes != number.classes for child in element.children
    ):
        return element.text(), ""
    text = "".join(child for child in element.children if isinstance(child, str))
    found = _NUMBER.match(number.text().strip())
    return text, f"\\tag{{{found[1]}}}" if found else " "


def _plain_katex(element: Element, display: bool) -> Source:
    shown = element.attrs.get("data-display") or element.attrs.get("data-katex-display") or ""
    return element.text(), display or shown == "true", "katex"


_BY_CLASS: dict[str, Callable[[Element, bool], Source | None]] = {
    "katex": _katex,
    "katex-mathml": _katex,
    "katex-html": lambda element, display: (katex_html_to_tex(element), display, "katex_html"),
    "katex-error": _katex_error,
    "mwe-math-element": _mediawiki,
    "wp-katex-eq": _plain_katex,
    "katex-eq": _plain_katex,
    "mq-math-mode": _mathquill,
    "mathquill-rendered-math": _mathquill,
    "mathquill-embedded-latex": lambda element, display: (element.text(), display, "mathquill"),
    "latex-rendered": _substack,
    "ltx_eqn_table": lambda element, display: equation_table(element),
    "AM": _quoted_asciimath,
    "js-render-math": _code_formula,
    "language-math": _code_formula,
    **dict.fromkeys(RENDERED, lambda element, display: _rendered(element)),
}
"""Classes in the order in which they are asked for."""


def _by_class(element: Element, config: PageConfig, display: bool) -> Source | None:
    classes = element.classes
    if not classes:
        return None
    if "ql-formula" in classes and element.attrs.get("data-value"):
        return element.attrs["data-value"], display, "data_attribute"
    if not classes.isdisjoint(_BY_CLASS):
        name = next(name for name in _BY_CLASS if name in classes)
        if (found := _BY_CLASS[name](element, display)) is not None:
            return found
    return _own_delimiters(element, config, display) if classes & OWN_DELIMITERS else None


# --- attributes ---


def _by_data(element: Element, display: bool) -> Source | None:
    """A `data-*` attribute with the source, on an element that its class or its value marks as a formula."""
    attrs = element.attrs
    if element.tag in _PAGE_PARTS:
        return None
    names = " ".join(
        (
            attrs.get("class", ""),
            attrs.get("data-type", ""),
            attrs.get("data-math-style", ""),
            attrs.get("data-mode", ""),
        )
    )
    if attrs.get("data-w-e-type") == "formula" and attrs.get("data-value"):
        return attrs["data-value"], display, "data_attribute"
    if attrs.get("data-math-style"):
        return _code_formula(element, display)
    for name in DATA_NAMES:
        value = attrs.get(name, "").strip()
        if not value or value in ("true", "false", "1", "0"):
            continue
        if _DATA_CLASSES.search(names) or "\\" in value or "^" in value:
            tex, mode = undelimited(value)
            block = mode == "display" or "display" in names or "block" in names or value.endswith("\\\\")
            return tex, display or block or attrs.get("data-display", "") in ("true", "block"), "data_attribute"
    return _wiris(element, display)


def _wiris(element: Element, display: bool) -> Source | None:
    encoded = element.attrs.get("data-mathml") or element.attrs.get("data-original-mathml")
    if not encoded:
        return None
    if "«" in encoded:
        encoded = encoded.translate(_WIRIS)
    math = parse_html(encoded).root.find("math")
    return (math_source(math), display, "data_attribute") if math else None

"""Formulas that a page shows as images: the TeX stands in the query of a service, in `alt`, or in a data attribute."""

from __future__ import annotations

import re
from urllib.parse import unquote, unquote_plus

from jobs.web.dom import Element

MAX_SRC_CHARS = 16_000

# (what the address holds, what comes before the TeX); the TeX ends at the next & or at the end.
_QUERY_SERVICES = (
    (re.compile(r"latex\.php|/latex/latex|wp\.com/latex", re.I), re.compile(r"[?&;]latex=([^&]*)")),
    (re.compile(r"zhihu\.com/equation|/equation\?tex=", re.I), re.compile(r"[?&]tex=([^&]*)")),
    (re.compile(r"render/math\?", re.I), re.compile(r"[?&]math=([^&]*)")),
    (re.compile(r"chart\?|chart\.googleapis|chart\.apis", re.I), re.compile(r"[?&]chl=([^&]*)")),
    (
        re.compile(r"math\.now\.sh|/render\?from=|tex-image-link-generator", re.I),
        re.compile(r"[?&](?:from|inline|tex)=([^&]*)"),
    ),
    (re.compile(r"equation_images", re.I), re.compile(r"equation_images/([^?]*)")),
    (
        re.compile(r"i\.upmath\.me/(?:svg|png)/|tex\.s2cms\.ru/(?:svg|png)/", re.I),
        re.compile(r"/(?:svg|png)/(.*)$", re.S),
    ),
    (re.compile(r"math\.vercel\.app|latex\.vimsky|latex\.numberempire", re.I), re.compile(r"\?(?:from=|tex=)?([^&]*)")),
)
_CODECOGS = re.compile(
    r"codecogs\.com/(?:\w{1,20}/)?(?:gif|png|svg|pdf|swf|emf)(?:\.(?:latex|image|download))?(?:\?|/)(.*)$|"
    r"codecogs\.com/[^?]{0,60}\?(.*)$",
    re.I | re.S,
)
_MIMETEX = re.compile(r"(?:mimetex|mathtex|texrender|tex)\.(?:cgi|php|exe)(?:\?|/)(.*)$", re.I | re.S)
_JUNK = re.compile(
    r"\\(?:dpi|bg|fg|fn)\s*(?:\{[^{}]{0,20}\}|_[a-zA-Z]{1,12})|"
    r"^\s*(?:\\(?:inline|large|Large|LARGE|huge|Huge|small|"
    r"normalsize|tiny|footnotesize|displaystyle|textstyle)(?![a-zA-Z])\s*)+"
)
_FORMULA_CLASS = re.compile(
    r"(?:^|\s)(?:tex|latex|latexcenter|latexdisplay|latexblock|latexblockcenter|math|mimetex|mathtex|equation_image|"
    r"mwe-math-fallback-image-\w+|mwe-math-fallback-[\w-]+|ql-img-\w+-\w+|ql-img-[\w-]+|x-ck12-\w+|"
    r"wp-katex-eq|texrender|"
    r"math-formula|mathImg|equation|latexImg|formula|Wirisformula|teximage|latex_img)(?:\s|$)"
)
_DISPLAY_CLASS = re.compile(r"display|latexcenter|latexblock|ql-img-displayed|block")
_LOOKS_TEX = re.compile(r"\\[a-zA-Z]+|[_^]\s?[{\w\\]|[=<>+]|^\s*[a-zA-Z]\s*$|^\s*\d+\s*$|^\S{1,6}$")
_STRONG_ALT = re.compile(r"\\[a-zA-Z]{2,}\b.{0,4000}(?:[{}_^=]|\\)", re.S)
_TEXT_COMMAND = re.compile(
    r"\\(?:text|mbox|mathrm|operatorname|hbox|textrm|begin|end)\*?\s*\{[^{}]{0,300}\}|\\[a-zA-Z]+"
)
_PROSE = re.compile(r"[A-Za-z]{3,}[ ,;]{1,2}[A-Za-z]{3,}|\$")


def image_formula(image: Element, parent: Element) -> tuple[str, bool, str] | None:
    """(raw TeX, display, kind) of a formula image; None if the image is no formula. The TeX may be ''."""
    src = (image.attrs.get("src") or image.attrs.get("data-src") or "")[:MAX_SRC_CHARS].strip()
    alt = image.attrs.get("alt", "").strip()
    names = image.attrs.get("class", "")
    for name in ("data-equation-content", "data-tex", "data-latex", "data-formula", "data-expr", "data-math"):
        if image.attrs.get(name, "").strip():
            return image.attrs[name], _display(names, alt) or _stands_alone(image, parent), "data_attribute"
    if served := _from_address(src):
        # `alt` of a service is often the same TeX, and never better; but Zhihu marks display formulas there.
        display = _display(names, served) or alt.rstrip().endswith("\\\\") or _stands_alone(image, parent)
        return _undecorated(served), display, "image_service"
    strong = bool(_STRONG_ALT.search(alt)) and not _PROSE.search(_TEXT_COMMAND.sub("", alt))
    if alt and (
        strong or _FORMULA_CLASS.search(names) or "/media/math/render/" in src or "latex.artofproblemsolving.com" in src
    ):
        tex, delimited = _undelimited(alt)
        if not delimited and not _LOOKS_TEX.search(tex):
            return None
        display = delimited == "display" or _display(names, "") or _stands_alone(image, parent)
        return _undecorated(tex), display, "image_alt"
    return None


def _stands_alone(image: Element, parent: Element) -> bool:
    """The only thing in a centred block, or in Sphinx's `div.math`."""
    if parent.tag not in ("div", "p", "center", "td"):
        return False
    centred = parent.tag == "center" or "center" in parent.source or ("math" in parent.classes and parent.tag == "div")
    return centred and all(
        child is image or (isinstance(child, str) and not child.strip()) for child in parent.children
    )


def _display(names: str, tex: str) -> bool:
    return bool(_DISPLAY_CLASS.search(names)) or tex.lstrip().startswith(("\\displaystyle", "\\dpi{120}\\displaystyle"))


def _from_address(src: str) -> str:
    if not src or src.startswith("data:"):
        return ""
    for service, query in _QUERY_SERVICES:
        if service.search(src[:400]):
            found = query.search(src)
            if found and ("chl=" not in src or "cht=tx" in src):
                raw = found[1]
                twice = "equation_images" in src[:400]  # Canvas encodes twice
                return unquote(unquote(raw)) if twice else _decoded(raw)
    if found := _CODECOGS.search(src):
        return _decoded(found[1] if found[1] is not None else found[2])
    if found := _MIMETEX.search(src):
        return _decoded(found[1])
    return ""


def _decoded(raw: str) -> str:
    """Percent-encoding and the services' own escapes; a bare `+` in an encoded query is a space."""
    encoded = "%" in raw
    tex = raw.replace("&space;", " ").replace("&plus;", "%2B").replace("&amp;", "&").replace("&hash;", "%23")
    return unquote_plus(tex) if encoded or "&plus;" in raw else unquote(tex)


def _undecorated(tex: str) -> str:
    """Less the size, resolution and colour that only the image service understands."""
    for _ in range(4):
        bare = _JUNK.sub("", tex, count=6).strip()
        if bare == tex:
            break
        tex = bare
    return tex


def _undelimited(alt: str) -> tuple[str, str]:
    """(TeX, 'display' | 'inline' | '') of alternative text that may carry delimiters or a label (`LaTeX: x`)."""
    for label in ("LaTeX:", "TeX:", "Latex formula:", "Formula:"):
        alt = alt.removeprefix(label).strip()
    for opening, closing, mode in (
        ("\\[", "\\]", "display"),
        ("$$", "$$", "display"),
        ("\\(", "\\)", "inline"),
        ("$", "$", "inline"),
    ):
        if alt.startswith(opening) and alt.endswith(closing) and len(alt) > len(opening) + len(closing):
            return alt[len(opening) : -len(closing)], mode
    return alt, "display" if alt.startswith("\\begin{") else ""

"""Formulas that a page shows as images: the TeX stands in the query of a service, in `alt`, or in a data attribute."""

from __future__ import annotations

import re
from urllib.parse import unquote, unquote_plus

from jobs.web.dom import Element

MAX_SRC_CHARS = 16_000

# (what the address holds, in lower case; what comes before the TeX); the TeX ends at the next & or at the end.
_QUERY_SERVICES = (
    (("latex.php", "/latex/latex", "wp.com/latex"), re.compile(r"[?&;]latex=([^&]*)")),
    (("zhihu.com/equation", "/equation?tex="), re.compile(r"[?&]tex=([^&]*)")),
    (("math?formula=",), re.compile(r"[?&]formula=([^&]*)")),
    (("tex.z-dn.net/",), re.compile(r"[?&]f=([^&]*)")),
    (("latex.csdn.net/",), re.compile(r"/eq\?(.*)$", re.S)),
    (("tex2img.php",), re.compile(r"[?&]eq=([^&]*)")),
    (("render/math?",), re.compile(r"[?&]math=([^&]*)")),
    (("chart?", "chart.googleapis", "chart.apis"), re.compile(r"[?&]chl=([^&]*)")),
    (("math.now.sh", "/render?from=", "tex-image-link-generator"), re.compile(r"[?&](?:from|inline|tex)=([^&]*)")),
    (("equation_images",), re.compile(r"equation_images/([^?]*)")),
    (
        ("i.upmath.me/svg/", "i.upmath.me/png/", "tex.s2cms.ru/svg/", "tex.s2cms.ru/png/"),
        re.compile(r"/(?:svg|png)/(.*)$", re.S),
    ),
    (("math.vercel.app", "latex.vimsky", "latex.numberempire"), re.compile(r"\?(?:from=|tex=)?([^&]*)")),
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
    r"math-formula|mathImg|mathcode|latex-formula|formulaInl|formulaDsp|math-inline|math-block|equation|latexImg|formula|Wirisformula|teximage|latex_img)(?:\s|$)"
)
_DISPLAY_CLASS = re.compile(r"display|latexcenter|latexblock|ql-img-displayed|block|formulaDsp")
_LOOKS_TEX = re.compile(r"\\[a-zA-Z]+|[_^]\s?[{\w\\]|[=<>+]|^\s*[a-zA-Z]\s*$|^\s*\d+\s*$|^\S{1,6}$")
_STRONG_ALT = re.compile(r"\\[a-zA-Z]{2,}(?![a-zA-Z]).{0,4000}(?:[{}_^=]|\\)", re.S)
_DELIMITED_ALT = re.compile(r"\$[^$\d][^$]{0,2000}\$|\\\(.{1,2000}\\\)|\\\[.{1,2000}\\\]", re.S)
_TEXT_COMMAND = re.compile(
    r"\\(?:text|mbox|mathrm|operatorname|hbox|textrm|begin|end)\*?\s*\{[^{}]{0,300}\}|\\[a-zA-Z]+"
)
_PROSE = re.compile(r"[A-Za-z]{3,}[ ,;]{1,2}[A-Za-z]{3,}|\$")


def image_formula(image: Element) -> tuple[str, bool, str] | None:
    """(raw TeX, display, kind) of a formula image; None if the image is no formula. The TeX may be ''."""
    attrs = image.attrs
    src = (attrs.get("src") or attrs.get("data-src") or "")[:MAX_SRC_CHARS].strip()
    alt = attrs.get("alt", "").strip()
    names = attrs.get("class", "")
    if "data-" in image.source:
        for name in ("data-equation-content", "data-tex", "data-latex", "data-formula", "data-expr", "data-math"):
            if attrs.get(name, "").strip():
                return attrs[name], _display(names, alt) or _stands_alone(image), "data_attribute"
    if served := _from_address(src):
        # `alt` of a service is often the same TeX, and never better; but Zhihu marks display formulas there.
        display = _display(names, served) or alt.rstrip().endswith("\\\\") or _stands_alone(image)
        return _undecorated(served), display, "image_service"
    if not alt:
        return None
    if (
        _FORMULA_CLASS.search(names)
        or "/media/math/render/" in src
        or "latex.artofproblemsolving.com" in src
        or _is_strong(alt)
    ):
        tex, delimited = _undelimited(alt)
        if not delimited and not _LOOKS_TEX.search(tex):
            return None
        display = delimited == "display" or _display(names, "") or _stands_alone(image)
        return _undecorated(tex), display, "image_alt"
    return None


def _is_strong(alt: str) -> bool:
    """Whether the alternative text of any image is TeX and no prose."""
    if not (_STRONG_ALT.search(alt) or _DELIMITED_ALT.fullmatch(alt)):
        return False
    return not _PROSE.search(_TEXT_COMMAND.sub("", alt.strip("$")))


def _stands_alone(image: Element) -> bool:
    """The only thing in a centred block, or in Sphinx's `div.math`."""
    parent = image.parent
    if parent.tag not in ("div", "p", "center", "td"):
        return False
    centred = parent.tag == "center" or "center" in parent.source or ("math" in parent.classes and parent.tag == "div")
    if not centred:
        return False
    others = [child for child in parent.children if not isinstance(child, str) or child.strip()]
    return len(others) == 1


def _display(names: str, tex: str) -> bool:
    return bool(_DISPLAY_CLASS.search(names)) or tex.lstrip().startswith(("\\displaystyle", "\\dpi{120}\\displaystyle"))


def _from_address(src: str) -> str:
    if not src or src.startswith("data:"):
        return ""
    address = src[:400].lower()
    for services, query in _QUERY_SERVICES:
        if any(service in address for service in services):
            found = query.search(src)
            if found and ("chl=" not in src or "cht=tx" in src):
                raw = found[1]
                twice = "equation_images" in address  # Canvas encodes twice
                return unquote(unquote(raw)) if twice else _decoded(raw)
    if "codecogs.com" in address and (found := _CODECOGS.search(src)):
        return _decoded(found[1] if found[1] is not None else found[2])
    if "tex" in address and (found := _MIMETEX.search(src)):
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

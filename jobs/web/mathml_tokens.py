"""Token elements of MathML (`mi`, `mn`, `mo`) as TeX."""

from __future__ import annotations

import re
from functools import lru_cache

from jobs.web.mathml_elements import MathNode
from jobs.web.tex import escaped_text
from jobs.web.tex_symbols import FONT_VARIANTS, FUNCTIONS, tex_of

_COMMAND = re.compile(r"\\[a-zA-Z]+")


@lru_cache(4096)
def token_to_tex(tag: str, text: str, variant: str, form: str) -> str:
    """A token element; few different ones make up all formulas."""
    if tag == "mi":
        return _identifier(text, variant)
    if tag == "mo":
        return _operator_tex(text, form)
    tex = tex_of(text)
    font = FONT_VARIANTS.get(variant, "")
    return f"\\{font}{{{tex}}}" if font and font != "mathrm" else tex


def _identifier(text: str, variant: str) -> str:
    if text[:1] == "\\" and _COMMAND.fullmatch(text):
        return text
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


def _operator_tex(text: str, form: str) -> str:
    if text in FUNCTIONS:
        return f"\\{text}"
    if len(text) > 1 and text.isascii() and text.isalpha():
        return f"\\operatorname{{{text}}}"
    if text == "|":
        return r"\lvert" if form == "prefix" else r"\rvert" if form == "postfix" else "|"
    return tex_of(text)


def text_to_tex(element: MathNode) -> str:
    """`mtext` and `ms`."""
    text = re.sub(r"[\s\u00a0]+", " ", element.text())
    if not text.strip():
        return r"\ " if text else ""
    if _COMMAND.fullmatch(text):  # MathJax shows a command that it does not know as it was written
        return text
    return "\\text{" + escaped_text(text) + "}"

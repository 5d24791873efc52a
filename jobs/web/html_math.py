"""A whole formula in HTML's own means, as Pandoc writes it when no renderer is asked for: `<em>x</em><sup>2</sup>`.

Here the page says that it is a formula; `html_scripts` is for text where nobody says so.
"""

from __future__ import annotations

import re
import unicodedata

from jobs.web.dom import Element
from jobs.web.mathml import mathml_to_tex
from jobs.web.mathml_elements import MathElement, element, token

_TAGS = frozenset(("em", "i", "strong", "b", "sup", "sub", "span", "var"))
_WORDS = re.compile(r"[^\W\d_][\u0300-\u0337\u20d0-\u20dc]|[A-Za-z]+(?![\u0300-\u0337\u20d0-\u20dc])|\d+(?:\.\d+)?|\S")


def html_math(formula: Element) -> str:
    """TeX of an element that holds nothing but letters, emphasis and scripts; '' if it holds more, or TeX."""
    inner = [below for below in formula.walk() if below is not formula]
    text = formula.text()
    if any(below.tag not in _TAGS for below in inner) or not text.strip() or any(sign in text for sign in "\\$^_`"):
        return ""
    return mathml_to_tex(element("math", _row(formula, False)))


def _row(node: Element, slanted: bool) -> list[MathElement]:
    made: list[MathElement] = []
    for child in node.children:
        if isinstance(child, str):
            made += [_token(word, slanted) for word in _words(child)]
        elif child.tag in ("sup", "sub"):
            base = made.pop() if made else element("mrow", [])
            script = element("mrow", _row(child, slanted))
            if base.tag in ("msup", "msub") and base.tag[1:] != child.tag:
                first, other = base.elements()
                low, high = (other, script) if base.tag == "msub" else (script, other)
                made.append(element("msubsup", [first, low, high]))
            else:
                made.append(element(f"m{child.tag}", [base, script]))
        elif child.tag in ("strong", "b"):
            made += [token("mi", word, "bold") for word in _words(child.text())]
        else:
            made += _row(child, slanted or child.tag in ("em", "i", "var"))
    return made


def _words(text: str) -> list[str]:
    return _WORDS.findall(unicodedata.normalize("NFD", text))


def _token(word: str, slanted: bool) -> MathElement:
    if word[0].isdigit():
        return token("mn", word)
    if len(word) == 2 and unicodedata.combining(word[1]):
        return element("mover", [_token(word[0], slanted), token("mo", word[1])])
    if not word.isalpha():
        return token("mo", word)
    return token("mi", word, "italic" if slanted else "")

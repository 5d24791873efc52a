"""Code blocks: their text less line numbers and buttons, and the language that their classes name."""

from __future__ import annotations

import re

from jobs.web.dom import Element

LINE_NUMBERS = frozenset(
    ("linenos", "lineno", "linenodiv", "line-numbers-rows", "gutter", "ln-num", "rouge-gutter", "hljs-ln-numbers")
)
"""Classes of what highlighters put beside the code."""

_LANGUAGE = re.compile(
    r"(?:^|\s)(?:language|lang|highlight-source|highlight|brush:|sourceCode|src|prettyprint lang)[-: ]\s?"
    r"([a-zA-Z0-9+#_-]{1,20})"
)


def code_text(element: Element, parts: list[str]) -> None:
    """Append the text of a code block to `parts`; line numbers and buttons are left out."""
    for child in element.children:
        if isinstance(child, str):
            parts.append(child)
        elif isinstance(child, Element):
            if child.classes & LINE_NUMBERS or child.tag in ("button", "script", "style"):
                continue
            if child.tag == "br":
                parts.append("\n")
            else:
                code_text(child, parts)
                if child.tag in ("div", "p", "li", "tr") and parts and not parts[-1].endswith("\n"):
                    parts.append("\n")


def code_language(around: list[Element]) -> str:
    """The language a code block's classes name: its own, its child's, or those of the two elements around it."""
    for candidate in around:
        found = _LANGUAGE.search(candidate.attrs.get("class", ""))
        if found and found[1].lower() not in ("default", "none", "text", "plaintext", "notranslate", "source"):
            return found[1].lower()
    return ""

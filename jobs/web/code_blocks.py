"""Code blocks: fences, and the language that the classes around the code name."""

from __future__ import annotations

import re

from jobs.web.dom import Dom, Element

_LANGUAGE = re.compile(
    r"(?:^|\s)(?:language|lang|highlight-source|highlight|brush:|sourceCode|src|prettyprint lang)[-: ]\s?"
    r"([a-zA-Z0-9+#_-]{1,20})"
)
_NO_LANGUAGE = frozenset(("default", "none", "text", "plaintext", "notranslate", "source"))


def code_block(dom: Dom, node: int, code: str) -> str:
    """The text of a `pre` as a fenced block; '' if it is blank."""
    code = code.strip("\n").rstrip()
    if not code.strip():
        return ""
    fence = "```"
    while fence in code:
        fence += "`"
    return f"{fence}{_language(dom, node)}\n{code}\n{fence}"


def _language(dom: Dom, node: int) -> str:
    """The language that classes name: the block's own, its first element's, or those of the two elements around it."""
    parent = dom.parent_of(node)
    for around in (node, node + 1, parent, dom.parent_of(parent)):
        if around >= len(dom.nodes) or (around == node + 1 and around >= dom.last(node)):
            continue
        found = _LANGUAGE.search(Element(dom, around).attrs.get("class", ""))
        if found and found[1].lower() not in _NO_LANGUAGE:
            return found[1].lower()
    return ""

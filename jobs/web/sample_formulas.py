"""A formula in the markups that crawled pages use, from one TeX source.

Understands the small TeX that `sample_words/` writes: letters, numbers, `^ _ {}`, fractions, roots, binomials and named
symbols. It renders a labelled sample; it is no TeX reader for foreign pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from urllib.parse import quote

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+|[A-Za-z]|\S")
_SYMBOLS = {
    "alpha": "α", "beta": "β", "lambda": "λ", "mu": "μ", "theta": "θ", "varepsilon": "ε", "varphi": "φ", "psi": "ψ",
    "delta": "δ", "pi": "π", "infty": "∞", "times": "×", "div": "÷", "cdot": "·", "cdots": "⋯", "dots": "…", "pm": "±",
    "le": "≤", "ge": "≥", "ne": "≠", "to": "→", "in": "∈", "equiv": "≡", "approx": "≈", "circ": "∘", "int": "∫",
    "sum": "∑", "angle": "∠", "mid": "|", "cap": "∩", "langle": "⟨", "rangle": "⟩",
}  # fmt: skip
_NAMES = {"sin", "cos", "lim", "gcd", "det", "dim", "ker"}
_ASIDE = {"left", "right"}


@dataclass(frozen=True)
class Node:
    """A piece of a formula: kind number | letter | sign | name | row | frac | sqrt | binom | script, with its parts."""

    kind: str
    text: str = ""
    parts: tuple[Node | None, ...] = ()


@lru_cache(maxsize=4096)
def parse_tex(tex: str) -> Node:
    """The tree of a formula. Raises ValueError when a brace is missing."""
    tokens = _TOKEN.findall(tex)
    row, rest = _parse_row(tokens, 0)
    if rest != len(tokens):
        raise ValueError(f"formula {tex!r}: a closing brace too many")
    return row


def _parse_row(tokens: list[str], at: int) -> tuple[Node, int]:
    parts: list[Node] = []
    while at < len(tokens) and tokens[at] != "}":
        node, at = _parse_atom(tokens, at)
        scripts: dict[str, Node] = {}
        while at < len(tokens) and tokens[at] in ("_", "^", "'"):
            if tokens[at] == "'":
                node, at = Node("row", parts=(node, Node("sign", "′"))), at + 1
                continue
            sign = tokens[at]
            scripts[sign], at = _parse_atom(tokens, at + 1)
        parts.append(Node("script", parts=(node, scripts.get("_"), scripts.get("^"))) if scripts else node)
    return Node("row", parts=tuple(parts)), at


def _parse_atom(tokens: list[str], at: int) -> tuple[Node, int]:
    if at >= len(tokens):
        raise ValueError("formula ends where a term is due: " + " ".join(tokens))
    token = tokens[at]
    if token == "{":
        row, at = _parse_row(tokens, at + 1)
        if at >= len(tokens):
            raise ValueError("formula lacks a closing brace: " + " ".join(tokens))
        return row, at + 1
    if token[0] == "\\":
        return _parse_command(tokens, at)
    kind = "number" if token.isdigit() else "letter" if token.isalpha() else "sign"
    return Node(kind, "−" if token == "-" else token), at + 1


def _parse_command(tokens: list[str], at: int) -> tuple[Node, int]:
    name, at = tokens[at][1:], at + 1
    if name in ("frac", "binom"):
        upper, at = _parse_atom(tokens, at)
        lower, at = _parse_atom(tokens, at)
        return Node(name, parts=(upper, lower)), at
    if name == "sqrt":
        inner, at = _parse_atom(tokens, at)
        return Node("sqrt", parts=(inner,)), at
    if name in ("operatorname", "pmod"):
        inner, at = _parse_atom(tokens, at)
        if name == "operatorname":
            return Node("name", "".join(part.text for part in inner.parts if part)), at
        return Node("row", parts=(Node("sign", "("), Node("name", "mod"), inner, Node("sign", ")"))), at
    if name in _ASIDE:
        return Node("row"), at
    if name in _NAMES:
        return Node("name", name), at
    if name not in _SYMBOLS:
        raise ValueError(f"formula uses \\{name}, which sample_formulas does not draw; add it to _SYMBOLS")
    symbol = _SYMBOLS[name]
    return Node("letter" if symbol.isalpha() else "sign", symbol), at


def mathml(node: Node | None) -> str:
    """Presentational MathML of a tree, without the outer <math>."""
    if node is None:
        return "<mrow></mrow>"
    if node.kind in ("number", "letter", "sign", "name"):
        tag = {"number": "mn", "sign": "mo"}.get(node.kind, "mi")
        return f"<{tag}>{escape(node.text)}</{tag}>"
    inner = [mathml(part) for part in node.parts]
    if node.kind == "frac":
        return f"<mfrac>{inner[0]}{inner[1]}</mfrac>"
    if node.kind == "binom":
        return f'<mrow><mo>(</mo><mfrac linethickness="0">{inner[0]}{inner[1]}</mfrac><mo>)</mo></mrow>'
    if node.kind == "sqrt":
        return f"<msqrt>{inner[0]}</msqrt>"
    if node.kind == "script":
        base, below, above = node.parts
        tag = "msubsup" if below and above else "msub" if below else "msup"
        return f"<{tag}>{mathml(base)}{mathml(below) if below else ''}{mathml(above) if above else ''}</{tag}>"
    return f"<mrow>{''.join(inner)}</mrow>"


def glyphs(node: Node | None) -> str:
    """HTML with <i>, <sub> and <sup>; fractions on one line."""
    if node is None:
        return ""
    if node.kind == "letter":
        return f"<i>{escape(node.text)}</i>"
    if node.kind in ("number", "sign", "name"):
        spaced = node.text in "=≤≥≠≡≈→×÷+−∈±" and node.kind == "sign"
        return f" {escape(node.text)} " if spaced else escape(node.text)
    inner = [glyphs(part) for part in node.parts]
    if node.kind == "frac":
        return f"({inner[0]})/({inner[1]})"
    if node.kind == "binom":
        return f"C({inner[0]}, {inner[1]})"
    if node.kind == "sqrt":
        return f"√({inner[0]})"
    if node.kind == "script":
        base, below, above = node.parts
        return (
            glyphs(base)
            + (f"<sub>{glyphs(below).strip()}</sub>" if below else "")
            + (f"<sup>{glyphs(above).strip()}</sup>" if above else "")
        )
    return "".join(inner)


def _mathjax2(tex: str, display: bool) -> str:
    kind = "math/tex; mode=display" if display else "math/tex"
    return f'<span class="MathJax_Preview"></span><script type="{kind}">{tex}</script>'


def _delimiters(tex: str, display: bool) -> str:
    return escape(f"\\[{tex}\\]" if display else f"\\({tex}\\)", quote=False)


def _dollars(tex: str, display: bool) -> str:
    return escape(f"$${tex}$$" if display else f"${tex}$", quote=False)


def _math_element(tex: str, display: bool, annotated: bool) -> str:
    block = ' display="block"' if display else ""
    body = mathml(parse_tex(tex))
    if annotated:
        source = escape(tex, quote=False)
        body = f'<semantics>{body}<annotation encoding="application/x-tex">{source}</annotation></semantics>'
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML"{block}>{body}</math>'


def _katex(tex: str, display: bool) -> str:
    drawn = glyphs(parse_tex(tex))
    span = (
        f'<span class="katex"><span class="katex-mathml">{_math_element(tex, display, True)}</span>'
        f'<span class="katex-html" aria-hidden="true"><span class="base">{drawn}</span></span></span>'
    )
    return f'<span class="katex-display">{span}</span>' if display else span


def _mathml_bare(tex: str, display: bool) -> str:
    return _math_element(tex, display, False)


def _wiki_image(tex: str, display: bool) -> str:
    mode = "display" if display else "inline"
    alt = escape(f"{{\\displaystyle {tex}}}")
    return (
        f'<span class="mwe-math-element"><img src="/media/math/render/svg/{len(tex):x}{abs(sum(tex.encode())):x}" '
        f'class="mwe-math-fallback-image-{mode}" aria-hidden="true" alt="{alt}"></span>'
    )


def _wordpress(tex: str, display: bool) -> str:
    image = f'<img src="/latex.php?latex={quote(tex)}&amp;bg=ffffff&amp;fg=333333&amp;s=0" alt="{escape(tex)}"'
    shown = f'{image} title="{escape(tex)}" class="latex" />'
    return f'<div class="latex-display">{shown}</div>' if display else shown


def _subsup(tex: str, display: bool) -> str:
    drawn = re.sub(r" {2,}", " ", glyphs(parse_tex(tex))).strip()
    return f'<span class="formula">{drawn}</span>'


MARKUPS: dict[str, Callable[[str, bool], str]] = {
    "mathjax2": _mathjax2,
    "delimiters": _delimiters,
    "dollars": _dollars,
    "katex": _katex,
    "mathml": _mathml_bare,
    "wiki_image": _wiki_image,
    "wordpress": _wordpress,
    "subsup": _subsup,
    "none": _subsup,
}
"""How a site writes its formulas: (TeX, displayed?) -> HTML."""

HEADS = {
    "mathjax2": '<script src="/js/mathjax/2.7/MathJax.js?config=TeX-AMS_HTML"></script>',
    "delimiters": '<script id="MathJax-script" async src="/js/mathjax/3/tex-mml-chtml.js"></script>',
    "dollars": (
        '<script type="text/x-mathjax-config">MathJax.Hub.Config({tex2jax: {inlineMath: [["$","$"]], '
        'displayMath: [["$$","$$"]], processEscapes: true}});</script>'
        '<script src="/js/mathjax/2.7/MathJax.js?config=TeX-AMS_HTML"></script>'
    ),
    "katex": '<link rel="stylesheet" href="/css/katex.min.css">',
}
"""What the markup needs in a page's <head>."""


def render_text(text: str, markup: str) -> str:
    """HTML of a text with «TeX» in it. A text that is one formula and nothing else is displayed."""
    if "«" not in text:
        return escape(text, quote=False)
    if text[0] == "«" and text.find("»") == len(text) - 1:
        return MARKUPS[markup](text[1:-1], True)
    pieces = re.split(r"«([^»]*)»", text)
    return "".join(
        MARKUPS[markup](piece, False) if at % 2 else escape(piece, quote=False) for at, piece in enumerate(pieces)
    )


def plain_text(text: str) -> str:
    """The text with formulas as $TeX$, as a seed corpus writes them."""
    if text.startswith("«") and text.find("»") == len(text) - 1:
        return f"$${text[1:-1]}$$"
    return text.replace("«", "$").replace("»", "$")

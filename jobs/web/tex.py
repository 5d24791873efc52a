"""TeX strings: clean them reversibly, expand a page's macros, and say whether they are well formed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from itertools import islice

MAX_TEX_CHARS = 8000
MAX_EXPANSIONS = 300
MAX_CACHED_CHARS = 200
"""Formulas of up to this length are read once: a page repeats `x` and `n`, and twins repeat each other."""
MAX_MACROS = 400
MAX_KEPT_CHARS = 200
KEPT_FORMULAS = 4096
"""How many cleaned formulas are kept, and how long they may be: at most a few megabytes a process."""

_COMMAND = re.compile(r"\\(?:[a-zA-Z]+|.)", re.S)
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|nbsp|apos|#\d{1,6}|#x[0-9a-fA-F]{1,5});")
_COMMENT = re.compile(r"(?<!\\)%[^\n]*\n\s*")
_GUARD_OPEN = re.compile(r"^\s*%?\s*<!\[CDATA\[")
_GUARD_CLOSE = re.compile(r"%?\s*\]\]>\s*$")
_ODD_SPACE = re.compile("[\u200b\u200c\u200d\u2060\ufeff]")
_SPACE_BEFORE_SCRIPT = re.compile(r"(\\[a-zA-Z]+) +(?=[_^])")
_STYLE = re.compile(r"^\\(?:displaystyle|textstyle)(?![a-zA-Z])\s*")
_LABEL = re.compile(r"\\label\s*\{[^{}]{0,200}\}")
_COLOR_SWITCH = re.compile(r"\\color\s*(?:\[[^\[\]{}]{0,40}\])?\s*\{[^{}]{0,80}\}")
_TEXTCOLOR = re.compile(r"\\textcolor\s*(?:\[[^\[\]{}]{0,40}\])?\s*\{[^{}]{0,80}\}\s*(?=\{)")
_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{([a-zA-Z]{1,20}\*?)\}")
_DEFINITION = re.compile(
    r"\\(?:(?P<kind>(?:re|provide)?newcommand|renewcommand|providecommand|DeclareMathOperator)(?P<star>\*?)\s*"
    r"(?:\{\s*\\(?P<braced>[a-zA-Z]+)\s*\}|\\(?P<bare>[a-zA-Z]+))\s*"
    r"(?:\[(?P<args>\d)\]\s*)?(?:\[(?P<default>[^\[\]]{0,200})\]\s*)?"
    r"|g?def\s*\\(?P<def>[a-zA-Z]+)\s*(?P<params>(?:#\d)*)\s*)(?=\{)"
)
_LET = re.compile(r"\\let\s*\\([a-zA-Z]+)\s*=?\s*(\\[a-zA-Z]+|[^\s\\])")
_SET_LETTERS = re.compile(r"\\(mathrm|mathsf|mathtt)\{[A-Za-z]\}(?:\\\1\{[A-Za-z]\}){1,200}")
_TEXT_SPECIAL = re.compile(r"([#%&_{}$])")
_BRACE = re.compile(r"\\.|([{}])", re.S)


@dataclass(frozen=True)
class Macro:
    """What a page defines: `#1`..`#9` in the body stand for arguments, the first may have a default."""

    body: str
    arguments: int = 0
    default: str | None = None


Macros = dict[str, Macro]


def matching_brace(tex: str, start: int) -> int:
    """Index of the `}` that closes the `{` at `start`; -1 if none does within MAX_TEX_CHARS."""
    depth = 0
    at = start
    end = min(len(tex), start + MAX_TEX_CHARS)
    while at < end:
        character = tex[at]
        if character == "\\":
            at += 2
            continue
        depth += (character == "{") - (character == "}")
        if depth == 0:
            return at
        at += 1
    return -1


class CleanTex(str):
    """TeX that is normalised and well formed."""

    __slots__ = ()


def well_formed(tex: str) -> bool:
    """Balanced braces and environments, something visible, of bearable length."""
    if len(tex) > MAX_TEX_CHARS or not tex.strip():
        return False
    if "{" in tex or "}" in tex:
        depth = 0
        for brace in _BRACE.findall(tex):
            if brace == "{":
                depth += 1
            elif brace:
                depth -= 1
                if depth < 0:
                    return False
        if depth:
            return False
    if "\\begin" not in tex and "\\end" not in tex:
        return True
    open_names: list[str] = []
    for mark in _ENVIRONMENT.finditer(tex):
        if mark[1] == "begin":
            open_names.append(mark[2])
        elif not open_names or open_names.pop() != mark[2]:
            return False
    return not open_names


def normalise(tex: str, macros: Macros | None = None) -> str:
    """One line of clean TeX: guards, comments, entities, colours, labels, style and odd spaces gone, macros expanded.

    What a formula means is not touched, and no Unicode normalisation takes place.
    """
    if not macros and len(tex) <= MAX_KEPT_CHARS:
        return _known(tex)
    return _normalised(tex, macros)


@lru_cache(KEPT_FORMULAS)
def _known(tex: str) -> str:
    """Pages repeat their formulas: half of those in a text are a single letter."""
    return _normalised(tex, None)


def _normalised(tex: str, macros: Macros | None) -> str:
    if len(tex) > 2 * MAX_TEX_CHARS:
        return ""
    if "CDATA" in tex or "]]>" in tex:
        tex = _GUARD_CLOSE.sub("", _GUARD_OPEN.sub("", tex))
    for _ in range(2):  # twice escaped at most
        if "&" not in tex or not _ENTITY.search(tex):
            break
        tex = _ENTITY.sub(lambda found: unescape(found[0]), tex)
    if "%" in tex and "\n" in tex:
        tex = _COMMENT.sub("", tex)
    if macros:
        tex = expand(tex, macros)
    if "\\label" in tex:
        tex = _LABEL.sub("", tex)
    if "color" in tex:
        tex = _COLOR_SWITCH.sub("", _TEXTCOLOR.sub("", tex))
    if not tex.isascii():
        tex = _ODD_SPACE.sub("", tex)
    tex = " ".join(tex.split())
    if " _" in tex or " ^" in tex:
        tex = _SPACE_BEFORE_SCRIPT.sub(r"\1", tex)
    if "style" in tex:
        tex = _without_wrapper(tex)
    if "$" in tex:
        tex = _inner_dollars(tex)
    return _without_trailing_space(tex) if tex.endswith("\\") else tex


def _without_wrapper(tex: str) -> str:
    """`{\\displaystyle x}` as MediaWiki writes it, and an outer style, say nothing that the mode does not say."""
    for _ in range(3):
        wrapped = tex.startswith("{") and _STYLE.match(tex[1:].lstrip()) and matching_brace(tex, 0) == len(tex) - 1
        inner = tex[1:-1].strip() if wrapped else tex
        inner = _STYLE.sub("", inner)
        if inner == tex:
            return tex
        tex = inner
    return tex


def _without_trailing_space(tex: str) -> str:
    """A trailing `\\\\` (Zhihu's sign for display), a control space at the end, and spaces."""
    tex = tex.strip()
    while tex.endswith("\\"):
        tex = tex[:-1].rstrip()
    return tex


def _inner_dollars(tex: str) -> str:
    """`\\text{if $x$}` would end a Markdown formula: the inner delimiters become `\\(` and `\\)`."""
    parts = re.split(r"(?<!\\)\$", tex)
    if len(parts) % 2 == 0:
        return tex if len(parts) == 2 else "".join(parts)
    return "".join(part if at == 0 else ("\\(" if at % 2 else "\\)") + part for at, part in enumerate(parts))


_GENFRAC = "\\genfrac{}{}{0pt}{}"


def fold_binomials(tex: str) -> str:
    """A fraction without line in round brackets, as renderers draw it, back to `\\binom`."""
    at = tex.find(_GENFRAC)
    while at >= 0:
        above = at + len(_GENFRAC)
        below = matching_brace(tex, above) + 1
        end = matching_brace(tex, below) + 1 if 0 < below < len(tex) else 0
        if end <= 0:
            return tex
        opening = "\\left(" if tex.endswith("\\left(", 0, at) else "("
        closing = "\\right)" if tex.startswith("\\right)", end) else ")"
        if tex.endswith(opening, 0, at) and tex.startswith(closing, end):
            tex = f"{tex[: at - len(opening)]}\\binom{tex[above:end]}{tex[end + len(closing) :]}"
        at = tex.find(_GENFRAC, at + 1)
    return tex


def join_letters(tex: str) -> str:
    """A word that a renderer set upright letter by letter, back to one word."""
    return _SET_LETTERS.sub(_joined, tex) if "}\\math" in tex else tex


def _joined(found: re.Match[str]) -> str:
    opening = f"\\{found[1]}{{"
    return opening + found[0].replace(opening, "").replace("}", "") + "}"


def as_substack(tex: str) -> str:
    """A matrix of one column as a script, as renderers draw `\\substack`, back to it."""
    opening, closing = "\\begin{matrix}", "\\end{matrix}"
    if not tex.startswith(opening) or not tex.endswith(closing):
        return tex
    body = tex[len(opening) : -len(closing)]
    return tex if "&" in body or "\\begin" in body or "\\\\" not in body else f"\\substack{{{body}}}"


def escaped_text(words: str) -> str:
    """Words for `\\text{...}`."""
    return _TEXT_SPECIAL.sub(r"\\\1", words.replace("\\", r"\backslash "))


def join_tex(left: str, right: str) -> str:
    """Concatenate two pieces so that `\\alpha` and `x` do not become `\\alphax`."""
    if right[:1].isalpha() and right[:1].isascii() and re.search(r"\\[a-zA-Z]+$", left):
        return f"{left} {right}"
    return left + right


def definitions(text: str) -> Macros:
    """Macros that a text defines by \\newcommand, \\def, \\let or \\DeclareMathOperator."""
    return _cut_definitions(text)[0]


def without_definitions(tex: str) -> str:
    """A formula less the definitions in it; '' if it is nothing else."""
    return _cut_definitions(tex)[1].strip()


def _cut_definitions(text: str) -> tuple[Macros, str]:
    macros: Macros = {}
    kept: list[str] = []
    at = 0
    for found in islice(_DEFINITION.finditer(text), MAX_MACROS):
        if found.start() < at:
            continue
        end = matching_brace(text, found.end())
        if end < 0:
            continue
        body = text[found.end() + 1 : end]
        name = found["braced"] or found["bare"] or found["def"]
        if found["kind"] == "DeclareMathOperator":
            macros[name] = Macro(f"\\operatorname{found['star']}{{{body}}}")
        else:
            count = len(found["params"] or "") // 2 if found["def"] else int(found["args"] or 0)
            macros[name] = Macro(_bare_body(body), count, found["default"])
        kept.append(text[at : found.start()])
        at = end + 1
    rest = "".join(kept) + text[at:]
    for let in islice(_LET.finditer(rest), MAX_MACROS):
        macros.setdefault(let[1], Macro(let[2]))
    return macros, _LET.sub("", rest)


def macro(body: str, arguments: int = 0, default: str | None = None) -> Macro:
    """A macro from a page's configuration object."""
    return Macro(_bare_body(body), min(max(arguments, 0), 9), default)


def _bare_body(body: str) -> str:
    """`{\\mathbb{R}}` -> `\\mathbb{R}`: braces around a whole body only guard scripts that TeX handles anyway."""
    body = body.strip()
    if (
        body.startswith("{")
        and matching_brace(body, 0) == len(body) - 1
        and re.fullmatch(r"\\[a-zA-Z]+(\{\w*\})?", body[1:-1])
    ):
        return body[1:-1]
    return body


def expand(tex: str, macros: Macros) -> str:
    """Replace the page's macros by what they stand for, a bounded number of times and to a bounded length."""
    at = 0
    for _ in range(MAX_EXPANSIONS):
        use = next((found for found in _COMMAND.finditer(tex, at) if found[0][1:] in macros), None)
        if use is None or len(tex) > MAX_TEX_CHARS:
            return tex
        definition = macros[use[0][1:]]
        values, end = _arguments(tex, use.end(), definition)
        if values is None:
            at = use.end()
            continue
        body = _filled(definition.body, values)
        if f"\\{use[0][1:]}" in _COMMAND.findall(body):  # a macro that holds itself would never end
            at = use.end()
            continue
        rest = tex[end:]
        if not rest.startswith("{") and definition.arguments == 0:
            rest = rest.lstrip(" ") if re.search(r"[^a-zA-Z]$", body) and not rest.lstrip(" ")[:1].isalpha() else rest
        tex = tex[: use.start()] + join_tex(body, rest)
        at = use.start()
    return tex


def _filled(body: str, values: list[str]) -> str:
    def value(mark: re.Match[str]) -> str:
        return values[int(mark[1]) - 1] if int(mark[1]) <= len(values) else ""

    return re.sub(r"#([1-9])", value, body)


def _arguments(tex: str, at: int, definition: Macro) -> tuple[list[str] | None, int]:
    values: list[str] = []
    if definition.default is not None and definition.arguments:
        option = re.compile(r"\s*\[([^\[\]]{0,500})\]").match(tex, at)
        values.append(option[1] if option else definition.default)
        at = option.end() if option else at
    while len(values) < definition.arguments:
        while at < len(tex) and tex[at].isspace():
            at += 1
        if at >= len(tex):
            return None, at
        if tex[at] == "{":
            end = matching_brace(tex, at)
            if end < 0:
                return None, at
            values.append(tex[at + 1 : end])
            at = end + 1
        else:
            token = _COMMAND.match(tex, at)
            values.append(token[0] if token else tex[at])
            at = token.end() if token else at + 1
    return values, at

"""What a page tells its formula renderer: delimiters, macros, AsciiMath. Read from scripts, never run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice

from jobs.web.dom import Dom, Element
from jobs.web.tex import MAX_MACROS, Macros, definitions, macro

MAX_SCRIPT_CHARS = 200_000
MAX_SETTINGS = 20
"""How often one name of a setting is looked at."""
MAX_SETTING_CHARS = 40_000

_DEFINING = ("\\newcommand", "\\def\\", "\\DeclareMathOperator", "\\renewcommand")
_TEX = re.compile(r"mathjax|tex2jax|renderMathInElement|auto-render", re.I)
_KEY = r"[\"']?{name}[\"']?\s{{0,9}}:\s{{0,9}}"
_PAIRS_KEY = {
    False: re.compile(_KEY.format(name="inlineMath") + r"(?=[\[{])"),
    True: re.compile(_KEY.format(name="displayMath") + r"(?=[\[{])"),
}
_DELIMITERS_KEY = re.compile(_KEY.format(name="delimiters") + r"(?=\[)")
_MACROS_KEY = re.compile(_KEY.format(name="macros") + r"(?=\{)", re.I)
_STRING = re.compile(r"\"((?:[^\"\\\n]|\\.){0,2000})\"|'((?:[^'\\\n]|\\.){0,2000})'")
_LEFT_RIGHT = re.compile(
    r"[\"']?(left|right|display)[\"']?\s{0,9}:\s{0,9}"
    r"(true|false|!0|!1|\"(?:[^\"\\]|\\.){0,40}\"|'(?:[^'\\]|\\.){0,40}')"
)
_ENTRY_NAME = re.compile(r"[\"']?\\{0,4}([a-zA-Z]{1,40})[\"']?\s{0,9}:\s{0,9}")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.S)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": ""}
_ASCIIMATH = re.compile(
    r"config=AM_|asciimath2jax|ASCIIMathML|input/asciimath|LaTeXMathML\.js|asciimath\s*:\s*\{", re.I
)


@dataclass(frozen=True)
class PageConfig:
    """`tex`: a TeX renderer is on the page; `dollar`: it takes `$...$`; `pairs`: others (open, close, display)."""

    tex: bool = False
    dollar: bool = False
    asciimath: bool = False
    pairs: tuple[tuple[str, str, bool], ...] = ()
    macros: Macros = field(default_factory=dict)


NO_CONFIG = PageConfig()
"""Of a page that names no renderer and defines no macros."""


def read_config(dom: Dom, html: str) -> PageConfig:
    """The configuration of a page, tolerant of what is not quite JavaScript."""
    sources: list[str] = []
    for script in (Element(dom, node) for node in dom.renderer_scripts):
        if not script.attrs.get("type", "").lower().startswith("math/"):
            sources += [script.attrs.get("src", ""), script.attrs.get("onload", ""), script.text()]
    defines = "\\" in html and any(command in html for command in _DEFINING)
    if not sources and not defines:
        return NO_CONFIG
    config = _read_scripts("\n".join(sources)[:MAX_SCRIPT_CHARS])
    if not defines:
        return config
    return replace(config, macros=config.macros | definitions(_definition_text(dom.root)))


@lru_cache(maxsize=64)
def _read_scripts(source: str) -> PageConfig:
    """The configuration in the scripts of a page; the pages of a site share it."""
    pairs = tuple(dict.fromkeys(_pairs(source)))
    return PageConfig(
        tex=bool(_TEX.search(source)),
        dollar=any(opening == "$" for opening, _, _ in pairs),
        asciimath=bool(_ASCIIMATH.search(source)),
        pairs=tuple(pair for pair in pairs if pair[0] not in ("$", "$$", "\\(", "\\[")),
        macros=_config_macros(source),
    )


def _definition_text(root: Element) -> str:
    """Text where definitions may stand: text nodes and `math/tex` scripts that hold one, outside code."""
    found: list[str] = []
    stack = [root]
    while stack:
        element = stack.pop()
        if element.tag in ("pre", "code", "textarea", "style"):
            continue
        if element.tag == "script" and not element.attrs.get("type", "").lower().startswith("math/"):
            continue
        for child in element.children:
            if isinstance(child, Element):
                stack.append(child)
            elif isinstance(child, str) and "\\" in child and re.search(r"newcommand|\\def|DeclareMath|\\let", child):
                found.append(child)
    return "\n".join(reversed(found))[:MAX_SCRIPT_CHARS]


def _pairs(source: str) -> Iterator[tuple[str, str, bool]]:
    for display, key in _PAIRS_KEY.items():
        for found in islice(key.finditer(source), MAX_SETTINGS):
            strings = [_unquote(match) for match in _STRING.finditer(_balanced(source, found.end()))]
            strings = [string for string in strings if string not in ("[+]", "[-]")]
            yield from ((o, c, display) for o, c in zip(strings[::2], strings[1::2], strict=False) if _usable(o, c))
    for found in islice(_DELIMITERS_KEY.finditer(source), MAX_SETTINGS):
        for entry in re.findall(r"\{[^{}]{0,400}\}", _balanced(source, found.end())):
            values = {match[1]: match[2] for match in _LEFT_RIGHT.finditer(entry)}
            left, right = (_unquoted(values.get(side, "")) for side in ("left", "right"))
            if _usable(left, right):
                yield left, right, values.get("display") in ("true", "!0")


def _usable(opening: str, closing: str) -> bool:
    """Delimiters a text can be searched for: short, and not a bare letter, digit or bracket."""
    return 0 < len(opening) <= 20 and 0 < len(closing) <= 20 and not re.fullmatch(r"[\w\s()\[\]{}.,]{1,2}", opening)


def _config_macros(source: str) -> Macros:
    macros: Macros = {}
    for found in islice(_MACROS_KEY.finditer(source), MAX_SETTINGS):
        body = _balanced(source, found.end())[1:-1]
        at = 0
        while len(macros) < MAX_MACROS and (name := _ENTRY_NAME.search(body, at)):
            at = name.end()
            if body[at : at + 1] == "[":
                entry = _balanced(body, at)
                at += len(entry)
                strings = [_unquote(match) for match in _STRING.finditer(entry)]
                count = re.search(r",\s{0,9}(\d)\s{0,9}[,\]]", entry)
                if strings:
                    macros[name[1]] = macro(
                        strings[0], int(count[1]) if count else 0, strings[1] if len(strings) > 1 else None
                    )
            elif string := _STRING.match(body, at):
                at = string.end()
                text = _unquote(string)
                macros[name[1]] = macro(text, max((int(mark) for mark in re.findall(r"#([1-9])", text)), default=0))
    return macros


def _balanced(source: str, start: int) -> str:
    """From the bracket at `start` to the one that closes it, strings and their brackets skipped."""
    depth = 0
    at = start
    limit = min(len(source), start + MAX_SETTING_CHARS)
    while at < limit:
        character = source[at]
        if character in "\"'":
            string = _STRING.match(source, at)
            at = string.end() if string else at + 1
            continue
        depth += (character in "[{(") - (character in "]})")
        at += 1
        if depth == 0:
            return source[start:at]
    return source[start:at]


def _unquote(match: re.Match[str]) -> str:
    return _ESCAPE.sub(_escape, match[1] if match[1] is not None else match[2])


def _unquoted(literal: str) -> str:
    match = _STRING.match(literal)
    return _unquote(match) if match else ""


def _escape(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) > 1:
        return chr(int(code[1:], 16))
    return _ESCAPED.get(code, code)

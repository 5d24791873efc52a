"""Formulas written with HTML's own means: `2x<sup>3</sup> &minus; a<sub>n+1</sub> = y²`.

A script makes a formula only where its neighbourhood reads like one. Ordinals (1<sup>st</sup>), footnotes, trademarks,
isotopes, chemical formulas and areas (25 m²) stay text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from jobs.web.delimiters import ATOM, ATOM_END, EM, EM_END, SUB, SUB_END, SUP, SUP_END, Found
from jobs.web.tex import join_tex, well_formed
from jobs.web.tex_symbols import FUNCTIONS, tex_of

MAX_RUN_TOKENS = 300

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ", "0123456789+-=()ni")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₙᵢⱼₖₓ", "0123456789+-=()nijkx")
_UNI_SUP = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ"
_UNI_SUB = "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₙᵢⱼₖₓ"
_LETTER = r"[A-Za-z\u0370-\u03ff\u2102\u2115\u211a\u211d\u2124ℓ∂∇∞∅]"
_NAMES = "|".join(sorted(FUNCTIONS, key=len, reverse=True))

_TOKEN = re.compile(
    f"(?P<sup>{SUP}(?P<sup_body>[^{SUP}{SUP_END}{SUB}{ATOM}]{{1,40}}){SUP_END}|[{_UNI_SUP}]+)"
    f"|(?P<sub>{SUB}(?P<sub_body>[^{SUB}{SUB_END}{SUP}{ATOM}]{{1,40}}){SUB_END}|[{_UNI_SUB}]+)"
    f"|(?P<em>{EM}\\s*(?P<em_body>[^{EM}{EM_END}{SUP}{SUB}{ATOM}]{{1,30}}?)\\s*{EM_END})"
    f"|(?P<name>(?<![A-Za-z])(?:{_NAMES})(?![A-Za-z]))"
    f"|(?P<letter>(?<![A-Za-z]){_LETTER}(?![a-z]{{2}})(?![A-Za-z]{{3}})['′]*|(?<=\\d){_LETTER}(?![a-z])['′]*)"
    r"|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<open>[(\[{|])|(?P<close>[)\]}])"
    r"|(?P<operator>[-+−–=<>≤≥≠≈≡±∓×·⋅*/∈∉⊂⊆∪∩→⇒↦∘!,:])"
    r"|(?P<space>[ \u00a0])"
)
_ORDINAL = re.compile(r"st|nd|rd|th|er|re|e|ère|ème|me|o|a|º|ª", re.I)
_NO_SCRIPT = re.compile(r"TM|SM|®|©|™|\*+|†+|‡+|\[.*|.*\].*|[A-Za-z]{4,}.*", re.I | re.S)
_ORDINAL_SCRIPT = re.compile(f"{SUP}\\s*(?:st|nd|rd|th)\\s*{SUP_END}", re.I)
_ANY_SCRIPT = re.compile(f"[{SUP}{SUB}{_UNI_SUP}{_UNI_SUB}]")
_WORD_END = re.compile(r"[A-Za-z]{2,12}$")
_SCRIPT_BODY = re.compile(r"[-+−–\w\s,.()=/*′'·<>≤≥→∞\u0370-\u03ff" + EM + EM_END + r"]{1,40}")
_ELEMENT = re.compile(r"(?:[A-Z][a-z]?(?:_\{\d{1,3}\})?(?:\^\{\d?[+-]\})?[()]?){1,8}")


_WORD_OR_SCRIPT = re.compile(
    f"[{SUP}{SUB}][^{SUP_END}{SUB_END}]{{0,60}}|[{_UNI_SUP}{_UNI_SUB}]+|{EM}[^{EM_END}]{{0,60}}{EM_END}(?P<em>)"
    "|(?<![A-Za-z])(?P<word>[A-Za-z]{3,})"
)
_SCRIPTS = frozenset(("sup", "sub"))
_WITH_BODY = frozenset(("sup", "sub", "em"))
_ENDS = frozenset(("letter", "number", "em", "sup", "sub", "close"))
_BEGINS = frozenset(("letter", "number", "em", "open", "name"))


class _Token(NamedTuple):
    kind: str
    text: str
    body: str
    """What stands inside markup; '' for a Unicode script."""
    start: int
    end: int


def find_scripts(text: str, replace: Callable[[Found], str]) -> str:
    """The text of one block with formulas made of `sub`, `sup` and Unicode scripts given to `replace`."""
    if _ANY_SCRIPT.search(text) is None or not any(
        _may_have_base(text, script.start()) for script in _ANY_SCRIPT.finditer(text)
    ):
        return text
    out: list[str] = []
    kept = 0
    for tokens in _runs(text):
        for first, last in _pieces(tokens):
            tex = _formula(tokens[first:last])
            span_start, span_end = tokens[first].start, tokens[last - 1].end
            if tex and _is_formula(tokens[first:last], tex, text, span_start):
                out += [text[kept:span_start], replace(Found(tex, False, "html_scripts"))]
                kept = span_end
    out.append(text[kept:])
    return "".join(out)


def _tokens(text: str) -> Iterator[_Token]:
    """The tokens of those stretches between words that hold a script; a word of three letters ends every formula."""
    for begin, end in _stretches(text):
        for found in _TOKEN.finditer(text, begin, end):
            kind = found.lastgroup or ""
            body = found[f"{kind}_body"] if kind in _WITH_BODY else None
            yield _Token(kind, found[0], body or "", found.start(), found.end())


def _stretches(text: str) -> Iterator[tuple[int, int]]:
    begin, scripted = 0, False
    for found in _WORD_OR_SCRIPT.finditer(text):
        if found["word"] is None:
            scripted = scripted or found["em"] is None
        elif found["word"] not in FUNCTIONS:
            if scripted:
                yield begin, found.start()
            begin, scripted = found.end(), False
    if scripted:
        yield begin, len(text)


def _may_have_base(text: str, at: int) -> bool:
    """Whether what stands right before a script can carry one; words with notes and ordinals are told at a glance."""
    before = text[at - 1 : at]
    if before.isdigit():
        return not _ORDINAL_SCRIPT.match(text, at)
    if before.isascii() and before.isalpha():
        word = _WORD_END.search(text, max(0, at - 12), at)
        return word is None or word[0] in FUNCTIONS
    return bool(before) and before not in ' ,.;:"”\n' + ATOM_END


def _runs(text: str) -> list[list[_Token]]:
    """Maximal stretches of tokens without a gap, cut at MAX_RUN_TOKENS."""
    runs: list[list[_Token]] = []
    current: list[_Token] = []
    for token in _tokens(text):
        if current and token.start != current[-1].end:
            runs.append(current)
            current = []
        current.append(token)
        if len(current) >= MAX_RUN_TOKENS:
            runs.append(current)
            current = []
    if current:
        runs.append(current)
    return [run for run in runs if any(token.kind in _SCRIPTS for token in run)]


def _pieces(tokens: list[_Token]) -> list[tuple[int, int]]:
    """Cut a stretch where two operands meet with only a space between; trim what cannot begin or end a formula."""
    cuts: list[tuple[int, int]] = []
    start = 0
    for at in range(1, len(tokens) - 1):
        if tokens[at].kind == "space" and _ends(tokens[at - 1]) and _begins(tokens[at + 1]):
            cuts.append((start, at))
            start = at + 1
    cuts.append((start, len(tokens)))
    trimmed = [_trim(tokens, first, last) for first, last in cuts]
    return [(first, last) for first, last in trimmed if any(t.kind in _SCRIPTS for t in tokens[first:last])]


def _ends(token: _Token) -> bool:
    return token.kind in _ENDS


def _begins(token: _Token) -> bool:
    return token.kind in _BEGINS


def _trim(tokens: list[_Token], first: int, last: int) -> tuple[int, int]:
    changed = True
    while changed and first < last:
        changed = False
        head, tail = tokens[first], tokens[last - 1]
        if head.kind == "space" or (head.kind == "operator" and head.text not in "-−+") or head.kind in _SCRIPTS:
            first, changed = first + 1, True
        elif tail.kind == "space" or (tail.kind == "operator" and tail.text != "!"):
            last, changed = last - 1, True
        elif unmatched := _unmatched(tokens, first, last):
            at = unmatched
            if at - first <= last - 1 - at:
                first = at + 1
            else:
                last = at
            changed = True
    return first, last


def _unmatched(tokens: list[_Token], first: int, last: int) -> int:
    """Index of a bracket without partner (0 if all match; the first token is then never a lone bracket)."""
    open_at: list[int] = []
    for at in range(first, last):
        if tokens[at].kind == "open" and tokens[at].text != "|":
            open_at.append(at)
        elif tokens[at].kind == "close":
            if not open_at:
                return at
            open_at.pop()
    return open_at[-1] if open_at else 0


def _formula(tokens: list[_Token]) -> str:
    out = ""
    for at, token in enumerate(tokens):
        if token.kind in _SCRIPTS:
            script = _script(token)
            if not script or not _has_base(tokens[:at]):
                return ""
            out += script
        elif token.kind == "em":
            word = token.body.strip()
            if len(word) > 1 and word in FUNCTIONS:
                out = join_tex(out, f"\\{word}")
            elif re.fullmatch(r"[^\W\d_]{4,}", word):
                return ""
            else:
                out = join_tex(out, tex_of(word))
        elif token.kind == "name":
            out = join_tex(out, f"\\{token.text}")
        elif token.kind == "space":
            out += "" if out.endswith(" ") else " "
        else:
            out = join_tex(out, tex_of(token.text.replace("–", "-")))
    return out if well_formed(out) else ""


def _has_base(before: list[_Token]) -> bool:
    return bool(before) and bool(_ends(before[-1]))


def _script(token: _Token) -> str:
    sign, plain = ("^", _SUPERSCRIPTS) if token.kind == "sup" else ("_", _SUBSCRIPTS)
    body = token.body or token.text.translate(plain)
    body = body.strip()
    if not body or _NO_SCRIPT.fullmatch(body.replace(EM, "").replace(EM_END, "")) or not _SCRIPT_BODY.fullmatch(body):
        return ""
    inner = tex_of(re.sub(f"[{EM}{EM_END}\\s]", "", body).replace("–", "-"))
    return f"{sign}{{{inner}}}"


def _is_formula(tokens: list[_Token], tex: str, text: str, start: int) -> bool:
    """The traps: ordinals, footnotes after words, chemistry, units."""
    before = text[max(0, start - 12) : start]
    if re.search(r"[A-Za-z]$", before.replace(EM, "").replace(EM_END, "")):
        return False
    emphasised = any(token.kind == "em" for token in tokens)
    operators = any(token.kind == "operator" or token.kind == "open" for token in tokens)
    for at, token in enumerate(tokens):
        body = (token.body if token.kind == "sup" else "").strip()
        if body and at and tokens[at - 1].kind == "number" and _ORDINAL.fullmatch(body):
            return False
    if not emphasised and not operators and _ELEMENT.fullmatch(tex.replace(" ", "")) and re.search(r"[A-Z]", tex):
        return len(tokens) == 2 and bool(re.match(r"[A-Z]_\{[a-z0-9]\}|[A-Z]\^\{[a-z0-9]\}", tex)) and _lone_letter(tex)
    if re.fullmatch(r"m\^\{[23]\}", tex) and re.search(r"\d\s?$", before):
        return False
    scripts = [token for token in tokens if token.kind in _SCRIPTS]
    first = tokens[0]
    if len(tokens) == 2 and first.kind == "number" and not operators:
        body = (scripts[0].body if scripts[0].kind == "sup" else "").strip()
        # `1997<sup>3</sup>` is a year with a note, `10<sup>6</sup>` is a number.
        return len(first.text) < 4 and not (
            body.isdigit() and first.text not in ("2", "10") and len(body) < 2 and len(first.text) > 2
        )
    return True


def _lone_letter(tex: str) -> bool:
    """`X_{n}` is a variable; `H_{2}`, `O_{2}`, `N_{2}` may be gases."""
    return not re.match(r"[HONFIKC]_\{\d", tex)


__all__ = ["find_scripts"]

"""Formulas written with HTML's own means: `2x<sup>3</sup> &minus; a<sub>n+1</sub> = y²`.

A script makes a formula only where its neighbourhood reads like one. Ordinals (1<sup>st</sup>), footnotes, trademarks,
isotopes, chemical formulas and areas (25 m²) stay text.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from jobs.web.delimiters import ATOM, EM, EM_END, SUB, SUB_END, SUP, SUP_END, Found
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
_SCRIPT_BODY = re.compile(r"[-+−–\w\s,.()=/*′'·<>≤≥→∞\u0370-\u03ff" + EM + EM_END + r"]{1,40}")
_ELEMENT = re.compile(r"(?:[A-Z][a-z]?(?:_\{\d{1,3}\})?(?:\^\{\d?[+-]\})?[()]?){1,8}")


def find_scripts(text: str, replace: Callable[[Found], str]) -> str:
    """The text of one block with formulas made of `sub`, `sup` and Unicode scripts given to `replace`."""
    if SUP not in text and SUB not in text and not re.search(f"[{_UNI_SUP}{_UNI_SUB}]", text):
        return text
    out: list[str] = []
    kept = 0
    for tokens in _runs(text):
        for first, last in _pieces(tokens):
            tex = _formula(tokens[first:last])
            span_start, span_end = tokens[first].start(), tokens[last - 1].end()
            if tex and _is_formula(tokens[first:last], tex, text, span_start):
                out += [text[kept:span_start], replace(Found(tex, False, "html_scripts"))]
                kept = span_end
    out.append(text[kept:])
    return "".join(out)


def _runs(text: str) -> list[list[re.Match[str]]]:
    """Maximal stretches of tokens without a gap, cut at MAX_RUN_TOKENS."""
    runs: list[list[re.Match[str]]] = []
    current: list[re.Match[str]] = []
    for token in _TOKEN.finditer(text):
        if current and token.start() != current[-1].end():
            runs.append(current)
            current = []
        current.append(token)
        if len(current) >= MAX_RUN_TOKENS:
            runs.append(current)
            current = []
    if current:
        runs.append(current)
    return [run for run in runs if any(token["sup"] or token["sub"] for token in run)]


def _pieces(tokens: list[re.Match[str]]) -> list[tuple[int, int]]:
    """Cut a stretch where two operands meet with only a space between; trim what cannot begin or end a formula."""
    cuts: list[tuple[int, int]] = []
    start = 0
    for at in range(1, len(tokens) - 1):
        if tokens[at]["space"] and _ends(tokens[at - 1]) and _begins(tokens[at + 1]):
            cuts.append((start, at))
            start = at + 1
    cuts.append((start, len(tokens)))
    trimmed = [_trim(tokens, first, last) for first, last in cuts]
    return [(first, last) for first, last in trimmed if any(t["sup"] or t["sub"] for t in tokens[first:last])]


def _ends(token: re.Match[str]) -> bool:
    return bool(token["letter"] or token["number"] or token["em"] or token["sup"] or token["sub"] or token["close"])


def _begins(token: re.Match[str]) -> bool:
    return bool(token["letter"] or token["number"] or token["em"] or token["open"] or token["name"])


def _trim(tokens: list[re.Match[str]], first: int, last: int) -> tuple[int, int]:
    changed = True
    while changed and first < last:
        changed = False
        head, tail = tokens[first], tokens[last - 1]
        if head["space"] or (head["operator"] and head[0] not in "-−+") or head["sup"] or head["sub"]:
            first, changed = first + 1, True
        elif tail["space"] or (tail["operator"] and tail[0] != "!"):
            last, changed = last - 1, True
        elif unmatched := _unmatched(tokens, first, last):
            at = unmatched
            if at - first <= last - 1 - at:
                first = at + 1
            else:
                last = at
            changed = True
    return first, last


def _unmatched(tokens: list[re.Match[str]], first: int, last: int) -> int:
    """Index of a bracket without partner (0 if all match; the first token is then never a lone bracket)."""
    open_at: list[int] = []
    for at in range(first, last):
        if tokens[at]["open"] and tokens[at][0] != "|":
            open_at.append(at)
        elif tokens[at]["close"]:
            if not open_at:
                return at
            open_at.pop()
    return open_at[-1] if open_at else 0


def _formula(tokens: list[re.Match[str]]) -> str:
    out = ""
    for at, token in enumerate(tokens):
        if token["sup"] or token["sub"]:
            script = _script(token)
            if not script or not _has_base(tokens[:at]):
                return ""
            out += script
        elif token["em"]:
            word = token["em_body"].strip()
            if len(word) > 1 and word in FUNCTIONS:
                out = join_tex(out, f"\\{word}")
            elif re.fullmatch(r"[^\W\d_]{4,}", word):
                return ""
            else:
                out = join_tex(out, tex_of(word))
        elif token["name"]:
            out = join_tex(out, f"\\{token[0]}")
        elif token["space"]:
            out += "" if out.endswith(" ") else " "
        else:
            out = join_tex(out, tex_of(token[0].replace("–", "-")))
    return out if well_formed(out) else ""


def _has_base(before: list[re.Match[str]]) -> bool:
    return bool(before) and bool(_ends(before[-1]))


def _script(token: re.Match[str]) -> str:
    if token["sup"] is not None:
        body = token["sup_body"] if token["sup_body"] is not None else token["sup"].translate(_SUPERSCRIPTS)
        sign = "^"
    else:
        body = token["sub_body"] if token["sub_body"] is not None else token["sub"].translate(_SUBSCRIPTS)
        sign = "_"
    body = body.strip()
    if not body or _NO_SCRIPT.fullmatch(body.replace(EM, "").replace(EM_END, "")) or not _SCRIPT_BODY.fullmatch(body):
        return ""
    inner = tex_of(re.sub(f"[{EM}{EM_END}\\s]", "", body).replace("–", "-"))
    return f"{sign}{{{inner}}}"


def _is_formula(tokens: list[re.Match[str]], tex: str, text: str, start: int) -> bool:
    """The traps: ordinals, footnotes after words, chemistry, units."""
    before = text[max(0, start - 12) : start]
    if re.search(r"[A-Za-z]$", before.replace(EM, "").replace(EM_END, "")):
        return False
    emphasised = any(token["em"] for token in tokens)
    operators = any(token["operator"] or token["open"] for token in tokens)
    for at, token in enumerate(tokens):
        body = (token["sup_body"] or "").strip()
        if body and at and tokens[at - 1]["number"] and _ORDINAL.fullmatch(body):
            return False
    if not emphasised and not operators and _ELEMENT.fullmatch(tex.replace(" ", "")) and re.search(r"[A-Z]", tex):
        return len(tokens) == 2 and bool(re.match(r"[A-Z]_\{[a-z0-9]\}|[A-Z]\^\{[a-z0-9]\}", tex)) and _lone_letter(tex)
    if re.fullmatch(r"m\^\{[23]\}", tex) and re.search(r"\d\s?$", before):
        return False
    scripts = [token for token in tokens if token["sup"] or token["sub"]]
    first = tokens[0]
    if len(tokens) == 2 and first["number"] and not operators:
        body = (scripts[0]["sup_body"] or "").strip()
        # `1997<sup>3</sup>` is a year with a note, `10<sup>6</sup>` is a number.
        return len(first[0]) < 4 and not (
            body.isdigit() and first[0] not in ("2", "10") and len(body) < 2 and len(first[0]) > 2
        )
    return True


def _lone_letter(tex: str) -> bool:
    """`X_{n}` is a variable; `H_{2}`, `O_{2}`, `N_{2}` may be gases."""
    return not re.match(r"[HONFIKC]_\{\d", tex)


__all__ = ["find_scripts"]

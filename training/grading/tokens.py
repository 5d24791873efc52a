"""Text of an answer into tokens: one spelling for Unicode and TeX, numbers with their separators, words of \\text{}.

Bounded: a text longer than LONGEST, or with more than MOST_TOKENS, is refused as Unreadable.
"""

import re
import unicodedata
from typing import NamedTuple

DOLLAR = "¤"
"""Stands for \\$, the currency; a bare $ delimits mathematics."""
LONGEST = 12_000
"""Characters of an answer that are read; a fair answer has a few hundred."""
MOST_TOKENS = 400


class Unreadable(ValueError):
    """The text is no mathematics that this grader reads; the answer is then compared as words."""


class Token(NamedTuple):
    kind: str
    """number, repeating, letter, word, command, han or symbol."""
    text: str
    upright: bool = False
    """From \\text{} or \\mathrm{}: a unit or a word, never a product of letters."""
    spaced: bool = False
    """White space before it."""


SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿⁱ", "0123456789+-()ni")
SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉₊₋ₙᵢₓ", "0123456789+-nix")
SUPERSCRIPT = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿⁱ]+")
SUBSCRIPT = re.compile("[₀₁₂₃₄₅₆₇₈₉₊₋ₙᵢₓ]+")
VULGAR = re.compile("[¼½¾⅐-⅞↉]")
INVISIBLE = re.compile("[\u200b-\u200f\u2060-\u2064\u00ad\ufeff\u202a-\u202e]")
SIGNS = str.maketrans(
    {
        "−": "-", "–": "-", "—": "-", "﹣": "-", "×": r"\times ", "⋅": r"\cdot ", "·": r"\cdot ", "∙": r"\cdot ",
        "•": r"\cdot ", "÷": r"\div ", "∕": "/", "⁄": "/", "√": r"\sqrt ", "∛": r"\sqrt[3]", "∞": r"\infty ",
        "π": r"\pi ", "θ": r"\theta ", "α": r"\alpha ", "β": r"\beta ", "γ": r"\gamma ", "λ": r"\lambda ",
        "φ": r"\phi ", "ϕ": r"\phi ", "ω": r"\omega ", "μ": r"\mu ", "µ": r"\mu ", "σ": r"\sigma ", "τ": r"\tau ",
        "ρ": r"\rho ", "δ": r"\delta ", "ε": r"\epsilon ", "Δ": r"\Delta ", "Ω": r"\Omega ", "ψ": r"\psi ",
        "≤": r"\le ", "⩽": r"\le ", "≦": r"\le ", "≥": r"\ge ", "⩾": r"\ge ", "≧": r"\ge ", "≠": r"\ne ",
        "≈": r"\approx ", "≡": r"\equiv ", "±": r"\pm ", "∓": r"\mp ", "∪": r"\cup ", "⋃": r"\cup ", "∩": r"\cap ",
        "∈": r"\in ", "∅": r"\emptyset ", "∖": r"\setminus ", "°": r"^\circ ", "º": r"^\circ ", "˚": r"^\circ ",
        "′": "'", "’": "'", "″": "''", "“": '"', "”": '"', "、": ",", "。": ".", "．": ".", "ℝ": r"\mathbb{R}",
        "ℤ": r"\mathbb{Z}", "ℕ": r"\mathbb{N}", "ℚ": r"\mathbb{Q}", "ℂ": r"\mathbb{C}", "∠": r"\angle ",
        "⟨": r"\langle ", "⟩": r"\rangle ", "〈": r"\langle ", "〉": r"\rangle ", "⌊": r"\lfloor ", "⌋": r"\rfloor ",
        "⌈": r"\lceil ", "⌉": r"\rceil ", "∣": "|", "℃": r"^\circ C", "℉": r"^\circ F", "﹪": "%", "‰": r"\permille ",
        "→": r"\to ", "⇒": r"\Rightarrow ", "∧": r"\wedge ", "∨": r"\vee ", "∶": ":",
    }
)  # fmt: skip


def plain(text: str) -> str:
    """One spelling of Unicode: full-width forms, superscripts, vulgar fractions, signs and Greek as TeX."""
    if text.isascii():
        return text
    text = INVISIBLE.sub("", text)
    text = SUPERSCRIPT.sub(lambda m: "^{" + m[0].translate(SUPERSCRIPTS) + "}", text)
    text = SUBSCRIPT.sub(lambda m: "_{" + m[0].translate(SUBSCRIPTS) + "}", text)
    text = VULGAR.sub(_vulgar, text).translate(SIGNS)
    text = re.sub(r"(?<=\d)又(?=[\d\\])", " ", text)
    return unicodedata.normalize("NFKC", text)


def _vulgar(match: re.Match[str]) -> str:
    top, _, bottom = unicodedata.normalize("NFKC", match[0]).partition("\u2044")
    return rf"\frac{{{top}}}{{{bottom}}}"


BACKGROUND = re.compile(
    r"\\(?:[,;:!> ]|(?:quad|qquad|displaystyle|textstyle|scriptstyle|limits|bigl?|bigr?|Bigl?|Bigr?|biggl?"
    r"|biggr?|Biggl?"
    r"|Biggr?|thinspace|enspace|nonumber|hfill|centering|mathstrut|strut|rm|bf|it|bm|hspace\{[^{}]*\}|phantom\{[^{}]*\}"
    r"|color\{[^{}]*\})(?![A-Za-z]))|~|&nbsp;"
)
STRETCH = re.compile(r"\\(?:left|right|middle)(?![A-Za-z])\s*\.?")
DELIMITERS = re.compile(r"\\[()]|\\\[|\\\](?!\w)|\\ensuremath(?![A-Za-z])")
UPRIGHT = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt|up|normal)?|mathrm|mathbf|mathit|mathsf|mathtt|mbox|hbox|rm|bf|operatorname\*?|boldsymbol"
    r"|underline|emph|boxed|fbox|unit|si|mathop)\s*\{"
)
GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d{1,3}(?: \d{3})+(?:\.\d+)?(?![\d])")
TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<repeating>\d*\.\d*\\(?:overline|dot)\{?\d+\}?(?:\d*\\dot\{?\d\}?)?|\d*\.\d*\(\d+\))"
    r"|(?P<number>(?:\d[\d,]*\d|\d)(?:\.\d*)?(?:[eE][-+]?\d+(?![\d.]))?|\.\d+(?:[eE][-+]?\d+)?)"
    r"|(?P<command>\\[A-Za-z]+|\\.)"
    r"|(?P<word>[A-Za-z]+)"
    r"|(?P<han>[\u4e00-\u9fff〇]+)"
    r"|(?P<symbol>\*\*|<=|>=|!=|==|=>|->|\S)"
)
THIN_GROUPS = re.compile(r"(?<![\d.,])(\d{1,3})((?:(?: |\\[,;:!]|~|\{ \})\d{3})+)(?!\d)")
ABBREVIATIONS = re.compile(r"\b(sq|cu|ft|in|hr|hrs|min|sec|lb|lbs|oz|yd|mi)\.(?!\d)")
TIMES_X = re.compile(r"(?<=\d)\s*[xX]\s*(?=10\s*(?:\^|\*\*))|(?<=\d)\s+[xX]\s+(?=\d)")


def tokens(text: str) -> list[Token]:
    """The tokens of an answer; raises Unreadable where there are too many characters, tokens or open groups."""
    if len(text) > LONGEST:
        raise Unreadable("too long")
    text = plain(text).replace("{,}", ",").replace("\\\\", "\\cr ").replace("\\!", "").replace("\\$", DOLLAR)
    text = ABBREVIATIONS.sub(r"\1", text)
    text = THIN_GROUPS.sub(lambda m: m[1] + re.sub(r"\D", "", m[2]), text)
    if "\\" in text or "~" in text or "&" in text:
        text = STRETCH.sub("", DELIMITERS.sub(" ", BACKGROUND.sub(" ", text)))
    text = TIMES_X.sub(r" \\times ", text)
    found: list[Token] = []
    _scan(text, 0, len(text), False, found, 0)
    return found


def _scan(text: str, place: int, end: int, upright: bool, found: list[Token], depth: int) -> None:
    spaced = False
    while place < end:
        wrapper = UPRIGHT.match(text, place, end) if text[place] == "\\" else None
        if wrapper:
            close = closing(text, wrapper.end(), end)
            if close is None or depth > 20:
                raise Unreadable("open group")
            first = len(found)
            _scan(text, wrapper.end(), close, "box" not in wrapper[0] or upright, found, depth + 1)
            if first < len(found) and spaced:
                found[first] = found[first]._replace(spaced=True)
            place, spaced = close + 1, text[close - 1].isspace()
            continue
        match = TOKEN.match(text, place, end)
        assert match is not None, "every character is a space, a symbol or part of another token"
        place, kind, word = match.end(), match.lastgroup or "", match[0]
        if kind == "space":
            spaced = True
            continue
        if kind == "number" and "," in word:
            place = _separate(text, match.start(), match, spaced, upright, found)
        elif kind == "word" and len(word) == 1:
            found.append(Token("letter", word, upright, spaced))
        elif word != "$":
            found.append(Token(kind, word, upright, spaced))
        spaced = False
        if len(found) > MOST_TOKENS:
            raise Unreadable("too many tokens")


def _separate(text: str, start: int, match: re.Match[str], spaced: bool, upright: bool, found: list[Token]) -> int:
    """A run of digits and commas is one grouped number, or numbers with commas between them; where the run ends.

    It is a list where a group has not three digits, and where it fills a bracket by itself: (1,234).
    """
    run = match[0].rstrip(",")
    before, after = text[:start].rstrip()[-1:], text[start + len(run) :].lstrip(" \\")[:1]
    bracketed = before and after and before in "([{" and after in ")]}" and not text[:start].rstrip().endswith("^{")
    digits, _, fraction = run.partition(".")
    if GROUPED.fullmatch(run) and not digits.startswith("0") and not (bracketed and not _is_group(text, start)):
        found.append(Token("number", run.replace(",", ""), upright, spaced))
        return start + len(run)
    first, _, _ = digits.partition(",")
    found.append(Token("number", first, upright, spaced))
    return start + len(first)


def _is_group(text: str, start: int) -> bool:
    """The brace before it belongs to TeX ({1,234}, \\frac{1,234}{5}), not to a set."""
    before = text[:start].rstrip()
    return before.endswith("{") and not before.endswith("\\{")


def closing(text: str, start: int, end: int | None = None) -> int | None:
    """Where the brace opened just before `start` closes."""
    depth = 1
    for match in re.compile(r"\\.|[{}]", re.DOTALL).finditer(text, start, len(text) if end is None else end):
        if match[0] in "{}":
            depth += 1 if match[0] == "{" else -1
            if depth == 0:
                return match.start()
    return None

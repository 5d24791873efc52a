"""Formulas between delimiters in running text: `\\( \\)`, `\\[ \\]`, `$$`, `$`, AMS environments, BBCode, back-quotes.

Works on the text of one block, so that no formula crosses a block. Markup inside the text stands as marks (below),
which lets a formula that Markdown mangled be put together again. One pass from left to right; a delimiter that is
not closed is looked for once only, so that `$$$$...` costs no more than any other text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from jobs.web.page_config import PageConfig
from jobs.web.tex import MAX_TEX_CHARS, normalise, well_formed, without_definitions

# Marks are Unicode noncharacters, which the parser lets no page bring in.
ATOM, ATOM_END = "\ufdd0", "\ufdd1"
"""Around the number of a finished piece (formula, code span) that later steps must not touch."""
EM, EM_END, BREAK = "\ufdd2", "\ufdd3", "\ufdd4"
SUB, SUB_END, SUP, SUP_END = "\ufdd5", "\ufdd6", "\ufdd7", "\ufdd8"
REF, REF_END = "\ufdd9", "\ufdda"
"""Around a link."""
MARKS = re.compile("[\ufdd0-\ufdef]")

_ENVIRONMENTS = (
    "align alignat aligned equation eqnarray gather gathered multline flalign displaymath math split subequations "
    "cases "
    "array matrix pmatrix bmatrix vmatrix Vmatrix dcases CD tikzcd"
).split()
_OPEN = re.compile(
    r"\\\\(?=[(\[])|\\\(|\\\[|\\\$|\\begin\{(" + "|".join(_ENVIRONMENTS) + r")(\*?)\}|\$\$|\$|`|"
    r"\[(itex|imath|tex|math|latex|dmath|equation)\](?!\()"
)
_DEFINES = re.compile(r"\\(?:re|provide)?(?:newcommand|def|DeclareMathOperator)\b|\\renewcommand")
_FOOTNOTE = re.compile(r"\s*(?:\d{1,4}|[a-z]|note \d{1,3}|citation needed)\s*")
_STRONG_TEX = re.compile(r"\\[a-zA-Z]{2,}|\\[{}|,;!]|[A-Za-z0-9)\]}|']\s?[_^]\s?[{A-Za-z0-9\\(+*-]")
_PLAIN_MATH = re.compile(
    r"\s*-?[(\[]*[A-Za-z](?:['′]*|\s*[=<>+\-*/,|:!()\[\]\s]\s*[A-Za-z0-9()\[\],.=<>+\-*/|!':\s]{0,80})\s*"
)
_CURRENCY = re.compile(r"(?<![A-Za-z\\])(?:US|AU|CA|NZ|HK|NT|SG|A|C|R|S)\$$")
_WORDS = re.compile(r"[A-Za-z]{3,}[ ,;.]{1,2}[A-Za-z]{3,}")
_BBCODE_DISPLAY = frozenset(("tex", "dmath", "equation"))


@dataclass(frozen=True)
class Found:
    """A formula in the text: what to print, how, and the kind of delimiter."""

    tex: str
    display: bool
    kind: str


Replace = Callable[[Found], str]


def find_delimited(text: str, config: PageConfig, replace: Replace, asciimath: Callable[[str], str]) -> str:
    """The text with each formula given to `replace`; what is no formula stays as it is."""
    if "\\" not in text and "$" not in text and "`" not in text and "[" not in text and not config.pairs:
        return text
    if (
        config.macros
        and _DEFINES.search(text)
        and not MARKS.search(text)
        and not any(sign in text for sign in ("$", "\\(", "\\["))
    ):
        text = without_definitions(text)
    return _Scan(text, config, replace, asciimath).run()


class _Scan:
    def __init__(self, text: str, config: PageConfig, replace: Replace, asciimath: Callable[[str], str]) -> None:
        self.text = text
        self.config = config
        self.replace = replace
        self.asciimath = asciimath
        self.unclosed: dict[str, int] = {}
        self.custom = {opening: (closing, display) for opening, closing, display in config.pairs}
        self.opening = _OPEN
        if self.custom:
            names = "|".join(re.escape(opening) for opening in sorted(self.custom, key=len, reverse=True)[:20])
            self.opening = re.compile(f"(?P<custom>{names})|" + _OPEN.pattern)

    def run(self) -> str:
        out: list[str] = []
        at = 0
        kept = 0
        while found := self.opening.search(self.text, at):
            result = self._formula(found)
            if result is None:
                at = found.end()
                continue
            formula, end = result
            out.append(self.text[kept : found.start()])
            out.append(formula)
            at = kept = end
        out.append(self.text[kept:])
        return "".join(out)

    def _formula(self, found: re.Match[str]) -> tuple[str, int] | None:
        sign = found[0]
        if sign.startswith("\\\\") or sign == "\\$":
            return None
        if self.custom and found["custom"]:
            closing, display = self.custom[sign]
            return self._between(found, closing, display, "delimiters")
        groups = found.groups()[-3:]
        if groups[0]:
            return self._environment(found, groups[0] + groups[1])
        if groups[2]:
            return self._between(found, f"[/{groups[2]}]", groups[2] in _BBCODE_DISPLAY, "bbcode")
        if sign == "`":
            return self._back_quotes(found)
        if sign == "$$":
            return self._between(found, "$$", True, "delimiters", self.config.tex or self.config.dollar)
        if sign == "$":
            return self._dollar(found)
        closing = "\\)" if sign == "\\(" else "\\]"
        return self._between(found, closing, sign == "\\[", "delimiters", self.config.tex)

    def _close(self, closing: str, start: int) -> int:
        """Where the closing delimiter stands; -1 if there is none within MAX_TEX_CHARS."""
        limit = start + MAX_TEX_CHARS
        known = self.unclosed.get(closing, 0)  # up to here it is known to be missing
        end = self.text.find(closing, max(start, known - len(closing)), limit) if limit > known else -1
        while closing == "$" and end > 0 and self.text[end - 1] == "\\":
            end = self.text.find(closing, end + 1, limit)
        if end < 0:
            self.unclosed[closing] = max(limit, known) if limit < len(self.text) else len(self.text) + MAX_TEX_CHARS
        return end

    def _between(
        self, found: re.Match[str], closing: str, display: bool, kind: str, trusted: bool = True
    ) -> tuple[str, int] | None:
        end = self._close(closing, found.end())
        if end < 0:
            return None
        raw = self.text[found.end() : end]
        if not trusted and (self._in_pattern(found, end + len(closing)) or not _reads_as_math(raw)):
            return None
        if found[0] == "\\[" and not trusted and _FOOTNOTE.fullmatch(raw):
            return None
        return self._print(raw, display, kind, end + len(closing))

    def _in_pattern(self, found: re.Match[str], end: int) -> bool:
        """`s/\\(a\\)/\\1/` and `^\\d\\(\\w+\\)$`: signs of a regular expression right before or behind a group."""
        if found[0] != "\\(":
            return False
        before, behind = self.text[max(0, found.start() - 1) : found.start()], self.text[end : end + 1]
        return before in ("/", "^", "*", ".", "|", "\\") or behind in ("/", "*", "?", "{", "|", "$", "\\")

    def _print(self, raw: str, display: bool, kind: str, end: int) -> tuple[str, int] | None:
        tex = restore(raw)
        if not tex.isascii() and MARKS.search(tex):
            return None
        if self.config.macros and ("\\newcommand" in tex or "\\def" in tex or "\\Declare" in tex or "\\let" in tex):
            tex = without_definitions(tex)
            if not tex:
                return "", end
        clean = normalise(tex, self.config.macros)
        if not clean or not well_formed(clean):
            return None
        return self.replace(Found(clean, display, kind)), end

    def _environment(self, found: re.Match[str], name: str) -> tuple[str, int] | None:
        closing = f"\\end{{{name}}}"
        end = self._close(closing, found.end())
        depth_at = found.end()
        while end >= 0 and self.text.count(found[0], depth_at, end) > 0:  # the same environment inside itself
            depth_at = end
            end = self.text.find(closing, end + 1, found.end() + MAX_TEX_CHARS)
        if end < 0:
            return None
        end += len(closing)
        return self._print(self.text[found.start() : end], True, "environment", end)

    def _dollar(self, found: re.Match[str]) -> tuple[str, int] | None:
        start = found.end()
        end = self._close("$", start)
        if end <= start:
            return None
        raw = self.text[start:end]
        if _CURRENCY.search(self.text[max(0, start - 5) : start]) and raw[:1].isdigit():
            return None  # US$30
        if self.config.dollar:
            # Authors who configure `$` still write prices; two words in a row with no TeX between them are prose.
            if _STRONG_TEX.search(restore(raw)) is None and (_WORDS.search(raw) or _price(raw)):
                return None
        elif not self._looks_tex(raw, end):
            return None
        return self._print(raw, False, "delimiters", end + 1)

    def _looks_tex(self, raw: str, end: int) -> bool:
        """`$...$` that nobody configured: tight, not before a digit, and with signs of TeX rather than of money."""
        if raw != raw.strip() or self.text[end + 1 : end + 2].isdigit() or len(raw) > 400:
            return False
        tex = restore(raw)
        if _WORDS.search(re.sub(r"\\(?:text|mathrm|operatorname|mbox)\{[^{}]{0,200}\}", "", tex)) and "\\" not in tex:
            return False
        return bool(_STRONG_TEX.search(tex) or (self.config.tex is False and _PLAIN_MATH.fullmatch(tex)))

    def _back_quotes(self, found: re.Match[str]) -> tuple[str, int] | None:
        if not self.config.asciimath:
            return None
        end = self._close("`", found.end())
        raw = self.text[found.end() : end] if end > 0 else ""
        if not raw.strip() or MARKS.search(raw) or len(raw) > 1000:
            return None
        tex = self.asciimath(raw)
        return (self.replace(Found(tex, False, "asciimath")), end + 1) if tex else None


def _reads_as_math(raw: str) -> bool:
    """TeX, or a short formula without any. `foo\\|bar` is an alternative of a regular expression."""
    strong = _STRONG_TEX.search(raw.replace("\\|", "") if raw.count("\\|") == 1 else raw)
    return bool(strong or _PLAIN_MATH.fullmatch(raw))


def _price(raw: str) -> bool:
    if _CURRENCY.search(raw[-5:] + "$") and raw[:1].isdigit():
        return True  # $30-US$40
    return bool(re.match(r"\s*\d[\d,.]*\s", raw)) and (
        raw != raw.strip() or bool(re.search(r"[^\x00-\x7f]|[a-z]{2,}", raw))
    )


def restore(raw: str) -> str:
    """TeX that Markdown took apart: emphasis was `_..._`, sub and sup were `_` and `^`, a break was a line end."""
    if raw.isascii() or not MARKS.search(raw):
        return raw
    raw = re.sub(f"\\^{EM}|\\^{EM_END}", "^*", raw)
    raw = re.sub(f"[{EM}{EM_END}]", "_", raw)
    raw = raw.replace(BREAK, " ").replace(REF, "").replace(REF_END, "")
    raw = raw.replace(SUB, "_{").replace(SUP, "^{")
    return raw.replace(SUB_END, "}").replace(SUP_END, "}")

"""Numbers in English and Chinese words, and the statements that are words: no solution, undefined, all real numbers."""

import re
from fractions import Fraction

SMALL = {
    w: n
    for n, w in enumerate(
        """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
        seventeen eighteen nineteen""".split()
    )
}
TENS = {w: 10 * n for n, w in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
SCALES = {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
PARTS = {
    "half": 2, "halve": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
    "ninth": 9, "tenth": 10, "twelfth": 12, "hundredth": 100, "thousandth": 1000,
}  # fmt: skip


def english_number(text: str) -> Fraction | None:
    """'twenty-five', 'one hundred and five', 'three quarters', 'negative two', 'two and a half'; None for others."""
    words = text.lower().replace("-", " ").split()
    if not words or len(words) > 14:
        return None
    if words[0] in ("negative", "minus"):
        value = english_number(" ".join(words[1:]))
        return None if value is None else -value
    whole, fraction = words, Fraction(0)
    part = PARTS.get(words[-1].removesuffix("s"))
    if part:
        joint = max((i for i, w in enumerate(words) if w == "and"), default=-1)
        top = words[joint + 1 : -1]
        count = 1 if top in (["a"], ["an"], []) else _whole(top)
        if count is None:
            return None
        whole, fraction = words[: max(joint, 0)], Fraction(count, part)
        if not whole:
            return fraction
    elif "point" in words:
        at = words.index("point")
        digits = [SMALL.get(w, 10) for w in words[at + 1 :]]
        if not digits or max(digits) > 9:
            return None
        whole, fraction = words[:at], Fraction(int("".join(map(str, digits))), 10 ** len(digits))
    total = _whole(whole)
    return None if total is None else total + fraction


def _whole(words: list[str]) -> int | None:
    total, group, seen = 0, 0, False
    last = 10**18
    for word in words:
        if word in SMALL and (group % 10 == 0 and (group % 100 == 0 or SMALL[word] < 10)):
            if seen and SMALL[word] == 0:
                return None
            group += SMALL[word]
        elif word in TENS and group % 100 == 0:
            group += TENS[word]
        elif word == "hundred" and 0 < group < 100:
            group *= 100
        elif word in SCALES and group and SCALES[word] < last and word != "hundred":
            total, group, last = total + group * SCALES[word], 0, SCALES[word]
        elif word == "and" and seen:
            continue
        else:
            return None
        seen = True
    return total + group if seen else None


DIGITS = {c: n % 10 for n, c in enumerate("零一二三四五六七八九〇壹贰叁肆伍陆柒捌玖")} | {"两": 2, "〇": 0}
DIGITS |= dict(zip("壹贰叁肆伍陆柒捌玖", range(1, 10), strict=True))
POWERS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
MYRIADS = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
NUMERAL = f"[{''.join(DIGITS)}{''.join(POWERS)}{''.join(MYRIADS)}]+"
CHINESE = re.compile(
    rf"(?P<minus>[负負])?(?:(?P<whole>{NUMERAL})又)?(?:(?P<bottom>{NUMERAL})分之)?(?P<top>{NUMERAL})(?:点(?P<decimals>[{''.join(DIGITS)}]+))?"
)


def chinese_number(text: str) -> tuple[Fraction, str] | None:
    """The value that a text of Chinese characters begins with, and the rest: 二分之一, 负三点五, 十八(个)."""
    match = CHINESE.match(text)
    if match is None:
        return None
    top = _chinese_whole(match["top"])
    bottom = _chinese_whole(match["bottom"]) if match["bottom"] else 1
    whole = _chinese_whole(match["whole"]) if match["whole"] else 0
    if top is None or not bottom or whole is None:
        return None
    decimals = "".join(str(DIGITS[c]) for c in match["decimals"] or "")
    value = whole + (top + Fraction(int(decimals or 0), 10 ** len(decimals))) / bottom
    return (-value if match["minus"] else value), text[match.end() :]


def _chinese_whole(text: str) -> int | None:
    if all(c in DIGITS for c in text):
        return int("".join(str(DIGITS[c]) for c in text)) if len(text) < 20 else None
    total = section = digit = 0
    for place, c in enumerate(text):
        if c in DIGITS:
            if digit and DIGITS[c]:
                return None
            digit = DIGITS[c]
        elif c in POWERS:
            if not digit and place and text[place - 1] not in "零〇万亿":
                return None
            section, digit = section + (digit or 1) * POWERS[c], 0
        else:
            if not section + digit and not total:
                return None
            total, section, digit = (total + section + digit) * MYRIADS[c], 0, 0
    if digit and len(text) > 1 and text[-2] in MYRIADS | POWERS and text[-2] not in "十拾":
        return None  # 三百五 is spoken for 350
    return total + section + digit


SAID = {
    "no solution": "no solutions; none exist; there is no solution; there are no solutions; 无解",
    "no real solution": "no real solutions; no real roots; 无实数解; 无实根",
    "does not exist": "dne; doesn't exist; doesnt exist; do not exist; 不存在",
    "undefined": "not defined; is undefined; 无意义",
    "infinitely many": "infinitely many solutions; infinite; infinite solutions; 无数个; 无穷多个",
    "yes": "是",
    "no": "否",
    "true": "正确; 对",
    "false": "错误; 错",
}
STATEMENTS = {phrase: meaning for meaning, phrases in SAID.items() for phrase in (meaning, *phrases.split("; "))}
"""Ways to say the same; a statement stands for itself only."""

CLOCK = re.compile(r"(\d{1,2})(?:[:：](\d{2}))?(?:[:：](\d{2}))?\s*([ap])\.?\s*m\.?", re.IGNORECASE)


def clock(text: str) -> tuple[str, ...]:
    """'3:30 p.m.' as hours, minutes, seconds and half of the day; nothing for what names no half."""
    match = CLOCK.fullmatch(re.sub(r"\\text|\\mathrm|\\[,;: ]|[{}$~]", " ", text).strip())
    return tuple((part or "0").lower().lstrip("0") for part in match.groups()) if match else ()


DECORATION = re.compile(r"[\"'`*“”]|^(?:the|an|a)\s+|[\s.!;:,]+$")


def phrase(text: str) -> str:
    """A text answer for comparison: case, quotes, markdown, TeX wrappers, an article and a closing stop are free."""
    text = re.sub(r"\\(?:text(?:bf|it|rm|sf|tt|up)?|mathrm|mathbf|mathit|mbox|boxed|fbox)\s*(?=\{)", "", text)
    text = re.sub(r"\\[()\[\],;:! ]|[{}$~]", " ", text)
    text = re.sub(r"[-‐‑–—]", "-", text).casefold()
    for _ in range(3):
        text = DECORATION.sub("", " ".join(text.split())).strip()
    return STATEMENTS.get(text, text)

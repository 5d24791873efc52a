"""Reads the final answer out of a model's text and compares it with the gold answer, exactly and without guessing.

    grade("... The answer is 1,234 dollars.", "1234")        -> Verdict(correct=True, rule="number", ...)

Model text is hostile: nothing is evaluated, every loop is bounded, no input raises. Values are compared as fractions;
an answer is never right for being 100 times the gold one, nor for holding the gold one among others. What is beyond
numbers, percentages, simple fractions and lists of them is right only as the same text: algebra is left out here.
"""

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

LONGEST_RESPONSE = 20_000
"""Characters read from the end of a response."""
LONGEST_ANSWER = 200
"""A longer final answer is wrong."""


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, the rule that decided, and the answer that was judged ('' where none was found)."""

    correct: bool
    rule: str
    answer: str


def grade(response: str, gold: str) -> Verdict:
    """Judge a whole response by its final answer."""
    answer = extract_answer(response)
    return compare(answer, gold) if answer else Verdict(False, "no_answer", "")


THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
NEXT_TURN = re.compile(r"\n\s*(?:User|Human|Question)\s*:")
BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
MARKER = re.compile(r"(?:\banswers?\s+(?:is|are)\b|\banswer\s*:|答案(?:是|为|：|:)|####)[ \t]*[:：]?", re.IGNORECASE)
SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[。！？\n]")


def extract_answer(response: str) -> str:
    """The text of the last stated answer: the last \\boxed{}, else what follows 'The answer is', '####' or 答案是.

    Boxes side by side in one sentence are one answer of several values ('3, 4'). '' where nothing is stated or the
    last box is not closed.
    """
    text = THOUGHT.sub("", NEXT_TURN.split(response, maxsplit=1)[0][-LONGEST_RESPONSE:])
    boxes = list(BOX.finditer(text))
    if boxes:
        return _boxed(text, boxes)
    *_, stated = [None, *MARKER.finditer(text)]
    # A decimal point is no sentence end: it has a digit, not a space, after it.
    return SENTENCE_END.split(text[stated.end() :].lstrip(" \t"), maxsplit=1)[0].strip() if stated else ""


def _boxed(text: str, boxes: list[re.Match[str]]) -> str:
    values: list[str] = []
    after = len(text)
    for box in reversed(boxes[-8:]):
        end = _closing(text, box.end())
        if end is None:
            return "" if not values else ", ".join(values)
        if values and SENTENCE_END.search(text, end, after):
            break
        value = text[box.end() : end].strip()
        if value not in values:
            values.insert(0, value)
        after = box.start()
    return ", ".join(values)


def _closing(text: str, start: int) -> int | None:
    """Where the brace opened just before `start` closes."""
    depth = 1
    for place in range(start, len(text)):
        if text[place] in "{}" and text[place - 1] != "\\":
            depth += 1 if text[place] == "{" else -1
            if depth == 0:
                return place
    return None


def compare(answer: str, gold: str) -> Verdict:
    """Judge an extracted answer."""
    if len(answer) > LONGEST_ANSWER:
        return Verdict(False, "too_long", answer[:LONGEST_ANSWER])
    found, right = normalise(answer), normalise(gold)
    if not any(c.isalnum() for c in found) or not right:
        return Verdict(False, "no_answer", answer)
    if found == right:
        return Verdict(True, "text", answer)
    for rule, same in (("number", _same_number), ("list", _same_list)):
        if same(found, right):
            return Verdict(True, rule, answer)
    return Verdict(False, "different", answer)


WRAPPERS = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|mathit|mbox|boxed)\s*\{([^{}]*)\}")
SPACING = re.compile(r"\\[,;: ]|\\(?:left|right|displaystyle|quad|qquad)(?![a-zA-Z])|~")
REWRITES = (
    ("{,}", ","), ("\\!", ""), ("\\%", "%"), ("\\$", "$"), ("\u2212", "-"), ("^\\circ", "°"), ("^{\\circ}", "°"),
    ("\\cfrac", "\\frac"), ("\\dfrac", "\\frac"), ("\\tfrac", "\\frac"),
    ("\\(", ""), ("\\)", ""), ("\\[", ""), ("\\]", ""), ("\\{", "{"), ("\\}", "}"),
)  # fmt: skip


def normalise(text: str) -> str:
    """An answer without what does not matter: TeX wrappers and spacing, math delimiters, case, a closing full stop."""
    text = unicodedata.normalize("NFKC", text[: 2 * LONGEST_ANSWER])
    for old, new in REWRITES:
        text = text.replace(old, new)
    for _ in range(3):  # wrappers may be nested
        text = WRAPPERS.sub(r" \1 ", text)
    text = SPACING.sub(" ", text).replace("*", " * ") if "**" not in text else text.replace("**", "")
    return " ".join(text.split()).strip(" .。:$").casefold()


UNSIGNED = r"(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+|\d+)(?:\.\d+)?|\.\d+"
NUMBER = re.compile(
    rf"(?P<sign>[-+]?)\s*[$€£¥]?\s*(?:(?P<number>{UNSIGNED})|\\frac\s*\{{\s*(?P<top>-?\d+)\s*\}}\s*\{{\s*(?P<bottom>-?\d+)\s*\}})"
    rf"(?:\s*/\s*(?P<over>\d+))?\s*\$?(?P<rest>.*)\Z"
)
NAMED = re.compile(r"([a-z])\s*=\s*")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
UNIT = re.compile(rf"°|[a-z]+(?: [a-z]+)?|{CHINESE.pattern}{{1,3}}")
SCALES = frozenset(
    "or and not to nor of hundred thousand million billion trillion dozen half pi e i x k m b percent per pm am c "
    "cents cent times plus minus 百 千 万 亿 或 和 分 半".split()
)
"""Words after a number that change it or offer another."""


@dataclass(frozen=True)
class Quantity:
    value: Fraction
    unit: str
    name: str
    """The x of 'x = 3', '' where none."""

    def agrees(self, other: "Quantity") -> bool:
        """Equal values; a unit or a name may be missing on either side but may not differ."""
        units = {self.unit, other.unit} - {"", "%"}
        names = {self.name, other.name} - {""}
        return self.value == other.value and len(units) < 2 and len(names) < 2


def _quantity(text: str) -> Quantity | None:
    """A number with its unit; None where the text is anything else. A percentage is its hundredths."""
    name = NAMED.match(text)
    match = NUMBER.match(text, name.end() if name else 0)
    if match is None:
        return None
    bottom = int(match["over"] or 1) * int(match["bottom"] or 1)
    if bottom == 0:
        return None
    value = Fraction(re.sub("[, ]", "", match["number"] or match["top"])) / bottom
    value = -value if match["sign"] == "-" else value
    unit = match["rest"].strip()
    if unit in ("%", "percent"):
        return Quantity(value / 100, "%", name[1] if name else "")
    if unit and (not UNIT.fullmatch(unit) or SCALES & {*unit.split(), *CHINESE.findall(unit)}):
        return None
    return Quantity(value, unit, name[1] if name else "")


def _same_number(answer: str, gold: str) -> bool:
    found, right = _quantity(answer), _quantity(gold)
    return found is not None and right is not None and found.agrees(right)


BRACKETS = {"(": ")", "[": "]", "{": "}"}


def _same_list(answer: str, gold: str) -> bool:
    """Two or more numbers: in order within round or square brackets, in any order without brackets or as a set."""
    (left, found), (right, wanted) = _elements(answer), _elements(gold)
    if left != right or len(found) != len(wanted) or len(wanted) < 2:
        return False
    if not left:
        found, wanted = sorted(found), sorted(wanted)
    return found == wanted


def _elements(text: str) -> tuple[str, list[Fraction]]:
    """Brackets ('' for none and for a set) and exact values; no values where one of the parts is not a number."""
    brackets = ""
    if text[0] in BRACKETS and text[-1] in BRACKETS.values():
        brackets, text = text[0] + text[-1], text[1:-1]
    parts = [_quantity(part.strip()) for part in re.split(r",(?!\d{3}(?!\d))|, ", text)]
    values = [p.value for p in parts if p is not None and not p.unit]
    return "" if brackets == "{}" else brackets, values if len(values) == len(parts) else []

"""An extracted answer against the gold answer: the quick ways first, then mathematics, then words."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import training.grading.comparison as comparison
import training.grading.regions as regions
import training.grading.statements as statements
import training.grading.words as words
from training.grading.answers import final_answer
from training.grading.effort import Exhausted, effort
from training.grading.expressions import Number, Product
from training.grading.reading import read
from training.grading.tokens import LONGEST, Unreadable, plain, tokens
from training.grading.values import Quantity, Value
from training.grading.vocabulary import SINGLE_UNITS


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, the rule that decided, and the answer that was judged ('' where none was found)."""

    correct: bool
    rule: str
    answer: str


LONGEST_INPUT = 60_000
"""Characters of an answer that are looked at; white space around it does not count."""


def compare(answer: str, gold: str) -> Verdict:
    """Judge an extracted answer by the strict rules: exact value, one statement, nothing guessed."""
    shown = answer.strip()
    if len(shown) > LONGEST_INPUT or len(gold) > LONGEST:
        return Verdict(False, "too long", shown[:200])
    if shown == gold.strip() and PLAIN.fullmatch(shown):
        return Verdict(True, "text", shown)
    effort.begin()
    try:
        rule = _judged(shown, gold.strip())
    except (Exhausted, RecursionError):
        return Verdict(False, "too much work", shown)
    return Verdict(bool(rule), rule or "different", shown)


PLAIN = re.compile(r"-?\d{1,300}(?:\.\d{1,300})?")


def _judged(answer: str, gold: str) -> str:
    if PLAIN.fullmatch(answer) and PLAIN.fullmatch(gold):
        return "number" if Fraction(answer) == Fraction(gold) else ""
    right, found = statements.unwrapped(gold), statements.unwrapped(answer)
    if LETTERS.fullmatch(gold) and not choices(right) and _is_product(right):
        # \\text{VW} is a word, whose letters do not commute.
        return "words" if words.phrase(found) == words.phrase(right) else ""
    if not statements.states_something(found) or not right:
        return ""
    rule = _same(found, right)
    if rule:
        return rule
    told = final_answer(found)
    if len(told.values) == 1 and told.text != found:
        found = statements.unwrapped(told.text)
        rule = _same(found, right) if statements.states_something(found) else ""
        if rule:
            return rule
    elif told.values:
        return ""
    stated = statements.stated(found)
    if stated is None or stated == found or not statements.states_something(stated):
        return ""
    return _same(stated, right)


LETTERS = re.compile(r"[$\s]*\\(?:text(?:bf|it|rm)?|mbox)\s*\{\s*[A-Za-z]{2,}\s*\}[$\s.]*")


def _is_product(text: str) -> bool:
    """Letters that would be read as factors."""
    value = _read(text, False)
    return isinstance(value, Quantity) and isinstance(value.expression, Product)


def _same(answer: str, gold: str) -> str:
    letters = choices(gold)
    if letters:
        return "choice" if chosen(answer) == letters else ""
    if answer == gold or (_spelling(answer) == _spelling(gold) != ()):
        return "text"
    if words.clock(gold):
        return "time" if words.clock(answer) == words.clock(gold) else ""
    if len(answer) <= LONGEST:
        rule = _same_values(answer, gold)
        if rule:
            return rule
    if WORDS.fullmatch(plain(gold)) and words.phrase(answer) == words.phrase(gold):
        return "words"
    return ""


def _spelling(text: str) -> tuple[str, ...]:
    """The tokens, free of spacing and of the size of fractions; none for a text too long to be read."""
    try:
        return tuple(SAME_COMMANDS.get(t.text, t.text) for t in tokens(SINGLE_GROUP.sub(r" \1 ", text)))
    except Unreadable:
        return ()


SINGLE_GROUP = re.compile(r"\{\s*(\w)\s*\}")
SAME_COMMANDS = {
    "\\mid": "|",
    "\\vert": "|",
    "\\dfrac": "\\frac",
    "\\tfrac": "\\frac",
    "\\cfrac": "\\frac",
    "\\leq": "\\le",
    "\\geq": "\\ge",
    "\\varnothing": "\\emptyset",
}
WORDS = re.compile(
    r"(?:\\text(?:bf|it|rm)?|\\mathrm|\\mbox|[^\d\\=<>+^_/*|()\[\]])*[A-Za-z\u4e00-\u9fff]{2}(?:[^\d\\=<>+^_/*|()\[\]])*"
)
"""A gold answer of words: nothing in it is mathematics, so case and decoration do not count."""


def _same_values(answer: str, gold: str) -> str:
    right = _read(gold, False)
    if right is None:
        return ""
    found = _read(answer, False)
    try:
        rule = comparison.same(right, found) if found is not None else ""
        if not rule and SINGLE_UNIT.search(answer + gold):
            rule = _same_with_unit_letters(answer, gold)
    except Unreadable:
        return ""
    return rule


SINGLE_UNIT = re.compile(rf"\d[\s~}}\\,;]+\$?\s*[{''.join(SINGLE_UNITS)}](?![A-Za-z])")


def _same_with_unit_letters(answer: str, gold: str) -> str:
    """'5 m' may be five metres: against a bare number, or where the other side names its unit in full."""
    right = _read(gold, bool(SINGLE_UNIT.search(gold)))
    found = _read(answer, bool(SINGLE_UNIT.search(answer)))
    if right is None or found is None or (SINGLE_UNIT.search(gold) and not comparison.names_unit(found)):
        return ""
    return comparison.same(right, found)


@lru_cache(maxsize=4096)
def _read(text: str, letter_units: bool) -> Value | None:
    """The value of a text, also of one in words; None where it has none."""
    said = words.phrase(text) if len(text) < 80 and "\\frac" not in text else ""
    if said in EVERYTHING:
        return regions.everything("")
    if said in INFINITIES:
        return read(INFINITIES[said])
    text = MINUS.sub("-", text)
    number = words.english_number(said) if said.replace(" ", "").replace("-", "").isalpha() else None
    if number is not None:
        return Quantity(Number(number))
    try:
        return read(text, letter_units)
    except (Unreadable, RecursionError):
        return None


MINUS = re.compile(r"\A(?:minus|negative)\s+(?=[\d.\\$])", re.IGNORECASE)
EVERYTHING = frozenset(
    [
        "all real numbers",
        "all reals",
        "any real number",
        "real numbers",
        "every real number",
        "全体实数",
        "一切实数",
        "任意实数",
        "实数集",
    ]
)
INFINITIES = {
    "negative infinity": "-\\infty", "minus infinity": "-\\infty", "positive infinity": "\\infty",
    "plus infinity": "\\infty",
    "infinity": "\\infty", "正无穷": "\\infty", "负无穷": "-\\infty", "无穷大": "\\infty",
}  # fmt: skip

GOLD_CHOICE = re.compile(r"\(?([A-H])\)?")
GOLD_CHOICES = re.compile(r"[A-H](?:[,;、\s]*[A-H])+")
CHOSEN = re.compile(
    r"(?:(?:the\s+)?(?:correct\s+)?(?:option|choice|answer|选项|选择|选|答案)(?:\s+is)?[是为:\s]*)?"
    r"[(\[]?\s*([A-Ha-h])\s*[)\]]?\s*(?:[.)、:：]?|[.):：]\s*(?P<content>.+))",
    re.IGNORECASE,
)
CHOSEN_MANY = re.compile(r"(?:选|选项|答案|options?|choices?)?[是为:\s]*\(?([A-H](?:(?:[,;、和\s]|and)*[A-H])+)\)?[.]?")


def choices(gold: str) -> frozenset[str]:
    """The letters of a gold answer that is a choice, none where it is no choice."""
    gold = statements.without_commands(gold)
    one = GOLD_CHOICE.fullmatch(gold)
    if one:
        return frozenset(one[1])
    found = [c for c in gold if c in "ABCDEFGH"]
    several = GOLD_CHOICES.fullmatch(gold) and found == sorted(set(found)) and len(found) < 6
    return frozenset(found) if several else frozenset()


def chosen(answer: str) -> frozenset[str]:
    """The letters that an answer chooses, with their text or without; none where it is unclear."""
    answer = statements.without_commands(plain(answer))
    one = CHOSEN.fullmatch(answer)
    if one:
        content = one["content"] or ""
        return frozenset() if OTHER_CHOICE.search(content) else frozenset(one[1].upper())
    if re.fullmatch(r"[a-h]{2,6}", answer):
        answer = answer.upper()
    several = CHOSEN_MANY.fullmatch(answer)
    return frozenset(c for c in several[1] if c in "ABCDEFGH") if several else frozenset()


OTHER_CHOICE = re.compile(r"\b(?:or|not|and|either|maybe)\b|\([A-H]\)|^[A-H]$|或|不")

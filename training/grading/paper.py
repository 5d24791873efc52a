"""The paper's own protocol, for scores that stand beside its table: looser than what a reward may be.

It follows the evaluation code that was published with the paper (deepseek-ai/DeepSeek-Math, evaluation/): the last box,
else what follows 'the answer is', else the last program's output, else the last number; decimals agree to 0.001, also
when one is 100 times the other; brackets of any kind enclose parts; values agree to 0.001. Where that code calls SymPy
this one calls our parser, so that nothing hangs.
"""

import re

import mpmath

import training.grading.program_output as program_output
from training.grading.answers import LONGEST_RESPONSE
from training.grading.effort import Exhausted, effort
from training.grading.equality import same_value
from training.grading.evaluation import FEWEST_BITS, Evaluation
from training.grading.expressions import Expression, Sum, letters, negated
from training.grading.parser import Parser
from training.grading.tokens import LONGEST, Unreadable, closing, tokens

TOLERANCE = 1e-3
NUMBER = re.compile(r"-?\d*\.?\d+")
CLEANED = (
    (
        re.compile(
            r"\\text\{.*?\}$|\\mbox\{.*?\}|\\left|\\right|\\!|\\\$|\$|\^\{\\circ\}|\^\\circ|\\mathbf|\\mathrm|x\\in"
        ),
        "",
    ),
    (re.compile(r"[tdc]frac"), "frac"),
    (re.compile(r"\\%"), "%"),
    (re.compile(r"(\d+)\.0+(?=\D|$)"), r"\1"),
    (re.compile(r"\binf(?:inity)?\b"), r"\\infty"),
    (re.compile(r"\s+"), " "),
    (re.compile(r"[\\,.]+$"), ""),
)


def paper_answer(response: str) -> str:
    """The answer of a whole response, '' where it has not even a number."""
    text = response[-LONGEST_RESPONSE:]
    boxes = [box.end() for box in re.finditer(r"boxed\{", text)]
    ran = program_output.split(text)
    if boxes:
        end = closing(text, boxes[-1])
        found = text[boxes[-1] : end] if end is not None else ""
    elif "he answer is" in text:
        found = text.rpartition("he answer is")[2]
    elif ran is not None and ran.output.strip():
        found = ran.output
    else:
        found = (NUMBER.findall(text.replace(",", "")) or [""])[-1]
    return found.strip().partition("\n")[0].lstrip(":").rstrip("./").strip()


def paper_equal(answer: str, gold: str) -> str:
    """The rule by which the protocol takes an answer for the gold one, '' where it does not."""
    effort.begin()
    try:
        return _equal(_clean(answer), _clean(gold)) if max(len(answer), len(gold)) <= LONGEST else ""
    except (Exhausted, RecursionError):
        return ""


def _clean(text: str) -> str:
    text = re.sub(r"^\\text\{(.*)\}$", r"\1", text.strip().rstrip("."))
    for pattern, replacement in CLEANED:
        text = pattern.sub(replacement, text) or text
    return text.strip()


def _equal(answer: str, gold: str) -> str:
    if answer.replace(" ", "") == gold.replace(" ", ""):
        return "paper: text"
    if not answer:
        return ""
    found, right = _decimal(answer), _decimal(gold)
    if found is not None and right is not None:
        return "paper: decimal" if any(abs(found - r) <= TOLERANCE for r in (right / 100, right, right * 100)) else ""
    if answer[0] in "([" and answer[-1] in ")]" and gold[0] in "([" and gold[-1] in ")]":
        parts, wanted = answer[1:-1].split(","), gold[1:-1].split(",")
        if len(parts) == len(wanted) and all(_equal(a.strip(), g.strip()) for a, g in zip(parts, wanted, strict=True)):
            return "paper: parts"
    sides, right_sides = answer.split("="), gold.split("=")
    if len(sides) == len(right_sides) == 2:
        one, other = (f"{a}-({b})" for a, b in (sides, right_sides))
        return "paper: equation" if _values(one, other) or _values(f"-({one})", other) else ""
    if len(sides) == 2 and len(right_sides) == 1 and len(sides[0].strip()) <= 2:
        return _equal(sides[1].strip(), gold)
    if len(sides) == 1 and len(right_sides) == 2 and len(right_sides[0].strip()) <= 2:
        return _equal(answer, right_sides[1].strip())
    return "paper: value" if _values(answer, gold) else ""


def _decimal(text: str) -> float | None:
    try:
        digits = text.replace(",", "")
        return float(digits[:-1]) / 100 if digits.endswith("%") else float(digits)
    except ValueError:
        return None


def _values(answer: str, gold: str) -> bool:
    try:
        one, other = Parser(tokens(answer)).whole(), Parser(tokens(gold)).whole()
    except Unreadable:
        return False
    return bool(same_value(one, other)) or _close(one, other)


def _close(one: Expression, other: Expression) -> bool:
    if letters(one) | letters(other):
        return False
    evaluation = Evaluation(FEWEST_BITS)
    try:
        return bool(abs(evaluation.at(Sum((one, negated(other))), {})) <= TOLERANCE)
    except (ArithmeticError, ValueError, mpmath.libmp.NoConvergence):
        return False

"""Reads the final answer out of a model's text and compares it with the gold answer.

    grade("So it is \\boxed{\\frac{2}{\\sqrt{2}}}.", "\\sqrt{2}")  -> Verdict(correct=True, rule="algebra", ...)

`strict`, for rewards: exact value, one statement, nothing guessed; the rules are in docs/grading.md. `paper`, for
scores beside the paper's table: its published protocol, which is looser. Model text is hostile: nothing is evaluated
as code, every loop, number and depth is bounded, no input raises, and every acceptance names its rule.
"""

from typing import Literal

from training.grading.answers import final_answer
from training.grading.judgement import Verdict
from training.grading.judgement import compare as compare_strictly
from training.grading.paper import paper_answer, paper_equal

__all__ = ["Mode", "Verdict", "compare", "extract_answer", "grade"]

Mode = Literal["strict", "paper"]


def grade(response: str, gold: str, mode: Mode = "strict") -> Verdict:
    """Judge a whole response by its final answer."""
    if mode == "paper":
        answer = paper_answer(response)
        return compare(answer, gold, mode) if answer else Verdict(False, "no answer", "")
    found = final_answer(response)
    if not found.values:
        return Verdict(False, "no answer", "")
    verdict = compare_strictly(found.text, gold)
    if verdict.correct or (len(found.values) == 1 and found.kind != "output"):
        return verdict
    if found.kind == "output":
        # A printed list may be the gold's list, or its closed interval.
        is_list = found.text[0] == "[" and found.text[1:2] != "["
        return compare_strictly(found.text[1:-1], gold) if is_list else verdict
    # Several boxes side by side are one answer only where each says the same.
    each = [compare_strictly(value, gold) for value in found.values]
    same = all(v.correct for v in each)
    return Verdict(same, each[-1].rule if same else "several", found.text)


def compare(answer: str, gold: str, mode: Mode = "strict") -> Verdict:
    """Judge an extracted answer."""
    if mode == "strict":
        return compare_strictly(answer, gold)
    rule = paper_equal(answer, gold)
    return Verdict(bool(rule), rule or "different", answer)


def extract_answer(response: str) -> str:
    """The text of the final answer, values side by side with a comma between them; '' where nothing is stated."""
    return final_answer(response).text

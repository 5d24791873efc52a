import gzip
import json
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.grading import Verdict, compare, extract_answer, grade

PAIRS = Path(__file__).resolve().parents[2].parent / "shared/data/grading"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("so 3 + 4 = 7\nThe answer is 7.", "7"),
        ("The answer is 7. Wait, no. The answer is 8.", "8"),
        ("it is 2.50\nThe final answer is: $2.50.", "$2.50"),
        ("steps\n#### 1,234", "1,234"),
        ("所以答案是18。", "18"),
        ("答案为：18", "18"),
        ("first \\boxed{1}.\nThus \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}"),
        ("\\boxed{3} or \\boxed{4}", "3, 4"),
        ("\\boxed{4} and again \\boxed{4}", "4"),
        ("The answer is 5. Or rather \\boxed{6}", "6"),
        ("<think>The answer is 3.</think>The answer is 4.", "4"),
        ("The answer is 4.\n\nUser: another?\n\nAssistant: The answer is 5.", "4"),
        ("\\boxed{4", ""),
        ("no statement, only 7", ""),
        ("The answer is", ""),
        ("<think>The answer is 3.", ""),
        ("", ""),
    ],
)
def test_extracts_the_last_stated_answer(text: str, answer: str) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize(
    ("answer", "gold", "rule"),
    [
        ("7", "7", "text"),
        ("1,234", "1234", "number"),
        ("7.0", "7", "number"),
        ("0.5", "\\frac{1}{2}", "number"),
        ("2/4", "1/2", "number"),
        ("\\dfrac{-1}{2}", "-0.5", "number"),
        ("50\\%", "0.5", "number"),
        ("$18", "18", "text"),
        ("18 apples", "18", "number"),
        ("18 元", "18", "number"),
        ("x = 3", "3", "number"),
        ("\\text{18}", "18", "text"),
        ("(1, 2.0)", "(1,2)", "list"),
        ("2, 1", "1,2", "list"),
        ("2\\sqrt{3}", "$2\\sqrt{3}$", "text"),
    ],
)
def test_accepts_what_is_the_same_value_and_says_by_which_rule(answer: str, gold: str, rule: str) -> None:
    assert compare(answer, gold) == Verdict(True, rule, answer)


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        ("700", "7"),
        ("0.07", "7"),
        ("7%", "7"),
        ("50", "50%"),
        ("0.5%", "50%"),
        ("3, 4", "4"),
        ("3 or 4", "4"),
        ("not 7", "7"),
        ("7 million", "7"),
        ("7 cm", "7 m"),
        ("7 cents", "7"),
        ("y = 3", "x = 3"),
        ("0.33", "1/3"),
        ("0.3333333333333333", "1/3"),
        ("1.234", "1234"),
        ("12,34", "1234"),
        ("(1,2)", "[1,2]"),
        ("(1,2)", "(2,1)"),
        ("1/0", "0"),
        ("", "7"),
        ("?", "?"),
        ("7" * 300, "7" * 300),
        ("__import__('os')", "7"),
        ("9**9**9", "7"),
    ],
)
def test_refuses_what_is_another_value_or_several(answer: str, gold: str) -> None:
    assert not compare(answer, gold).correct


def test_side_by_side_boxes_are_wrong_though_one_is_right() -> None:
    assert not grade("\\boxed{3} or \\boxed{4}", "4").correct
    assert not grade("\\boxed{3}, \\boxed{4}", "4").correct


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="0123456789.,/%$\\{}()[]frac boxed=-+eE是答案\n", max_size=300), st.text(max_size=30))
def test_never_raises(text: str, gold: str) -> None:
    grade(text, gold)
    compare(text, gold)


@pytest.mark.parametrize(
    "hostile",
    [
        "\\boxed{" * 100_000,
        "\\boxed{" + "{" * 200_000,
        "\\text{" * 50_000 + "7",
        "The answer is " + "9" * 1_000_000,
        "The answer is " + "1," * 500_000,
        "the answer is " * 100_000,
        "<think>" * 200_000,
        "\nUser" * 200_000,
        "The answer is 10^{10^{10^{10}}}",
        "\u0000\ud800",
        "####" + " " * 1_000_000,
    ],
)
def test_hostile_input_is_judged_within_two_seconds_in_a_thread(hostile: str) -> None:
    verdicts: list[Verdict] = []
    started = time.monotonic()
    thread = threading.Thread(target=lambda: verdicts.append(grade(hostile, "7")))
    thread.start()
    thread.join(10)
    assert time.monotonic() - started < 2 and len(verdicts) == 1 and not verdicts[0].correct


@pytest.mark.parametrize("kind", ["pairs", "responses"])
def test_no_false_accept_on_the_labelled_sets(kind: str) -> None:
    file = PAIRS / f"{kind}.jsonl.gz"
    if not file.exists():
        pytest.skip(f"no grading set at {file}")
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    if kind == "pairs":
        judged = [(compare(r["answer"], r["gold"]).correct, r["equal"]) for r in rows]
    else:
        judged = [(grade(r["response"], r["gold"]).correct, r["correct"]) for r in rows]
    assert len(judged) > 200
    assert sum(verdict and not truth for verdict, truth in judged) == 0
    accepted = sum(verdict and truth for verdict, truth in judged) / sum(truth for _, truth in judged)
    assert accepted > 0.4  # numbers only: algebra is refused, so the share cannot be high

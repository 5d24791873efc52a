"""The paper's protocol, as published: what it takes for right beyond the strict rules, and where both agree."""

import pytest

from training.grading import compare, grade


@pytest.mark.parametrize(
    ("answer", "gold", "rule"),
    [
        ("1234", "1,234", "paper: decimal"),
        ("0.3333", "1/3", "paper: value"),
        ("50", "0.5", "paper: decimal"),
        ("5.0004", "5", "paper: decimal"),
        ("[2,5)", "(2,5)", "paper: parts"),
        ("x=3", "3", "paper: text"),
        ("x-3=0", "3-x=0", "paper: equation"),
        ("\\frac{\\sqrt{8}}{2}", "\\sqrt{2}", "paper: value"),
        ("3.14159", "\\pi", "paper: value"),
        ("12\\text{ cm}", "12", "paper: text"),
    ],
)
def test_the_protocol_accepts(answer: str, gold: str, rule: str) -> None:
    assert compare(answer, gold, "paper").rule == rule


@pytest.mark.parametrize(
    ("answer", "gold"), [("7", "8"), ("", "8"), ("x", "y"), ("\\sqrt{2}", "\\sqrt{3}"), ("(1,2)", "(2,1)")]
)
def test_the_protocol_refuses(answer: str, gold: str) -> None:
    assert not compare(answer, gold, "paper").correct


@pytest.mark.parametrize("gold", ["18", "0.5", "1/3", "2400"])
def test_strict_refuses_what_makes_the_protocol_unfit_for_rewards(gold: str) -> None:
    for answer in (f"({gold})*100", f"({gold})/100", f"({gold})+0.0004"):
        assert not compare(answer, gold).correct
    assert not compare("[2,5)", "(2,5)").correct
    assert not compare("(1,2)", "\\{1,2\\}").correct
    assert not compare("1:2", "0.5").correct


@pytest.mark.parametrize(
    ("response", "gold", "right"),
    [
        ("so \\boxed{4} and then \\boxed{5}", "5", True),
        ("The answer is 5", "5", True),
        ("```output\n5\n```", "5", True),
        ("we find 3 and at last 5 apples", "5", True),
        ("\\boxed{5", "5", False),
        ("nothing", "5", False),
    ],
)
def test_the_protocol_reads_a_response_to_its_last_number(response: str, gold: str, right: bool) -> None:
    assert grade(response, gold, "paper").correct == right

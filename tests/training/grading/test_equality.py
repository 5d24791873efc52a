"""Properties: a value equals itself in any rendering and no perturbed value; nothing raises, hangs or runs."""

import importlib
import threading
from fractions import Fraction

import mpmath
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from training.grading import Verdict, compare, effort, evaluation, grade

FRACTIONS = st.fractions(min_value=-500, max_value=500, max_denominator=60)
SQUAREFREE = st.sampled_from([2, 3, 5, 6, 7, 10, 11, 13, 15, 30])
RADICANDS = st.integers(2, 200)


def decimals(value: Fraction) -> list[str]:
    """Renderings as a decimal, where it terminates or repeats soon."""
    bottom = value.denominator
    while bottom % 2 == 0:
        bottom //= 2
    while bottom % 5 == 0:
        bottom //= 5
    if bottom > 1:
        return []
    text = f"{float(abs(value)):.10f}".rstrip("0").rstrip(".")
    assert Fraction(text) == abs(value)
    sign = "-" if value < 0 else ""
    return [sign + text, sign + text + ("0" if "." in text else ".00"), f"${sign}{text}$", f"\\boxed{{{sign}{text}}}"]


def renderings(value: Fraction) -> list[str]:
    """The same rational number in many spellings."""
    top, bottom = value.numerator, value.denominator
    sign, whole, rest = "-" if value < 0 else "", abs(top) // bottom, abs(top) % bottom
    found = [
        f"\\frac{{{top}}}{{{bottom}}}",
        f"{sign}\\dfrac{{{abs(top)}}}{{{bottom}}}",
        f"{top}/{bottom}",
        f"\\frac{{{3 * top}}}{{{3 * bottom}}}",
        f"{sign}\\tfrac{{{abs(top) * 7}}}{{{bottom * 7}}}",
        f"({top})/({bottom})",
        f"\\left(\\frac{{{-top}}}{{{-bottom}}}\\right)",
        f"x = {top}/{bottom}",
        f"The answer is {top}/{bottom}.",
        f"{100 * top}/{bottom}\\%",
        *decimals(value),
    ]
    if whole and rest:
        found += [f"{sign}{whole}\\frac{{{rest}}}{{{bottom}}}", f"{sign}{whole} {rest}/{bottom}"]
    return found


@settings(max_examples=60, deadline=None)
@given(FRACTIONS)
def test_a_rational_number_equals_itself_in_every_rendering(value: Fraction) -> None:
    gold = f"\\frac{{{value.numerator}}}{{{value.denominator}}}" if value.denominator > 1 else str(value)
    for answer in renderings(value):
        assert compare(answer, gold).correct, (answer, gold)


@settings(max_examples=60, deadline=None)
@given(FRACTIONS, st.sampled_from(["plus", "hundredth", "times", "negated", "inverted"]), FRACTIONS)
def test_a_rational_number_equals_no_other(value: Fraction, change: str, by: Fraction) -> None:
    changed = {
        "plus": value + by,
        "hundredth": value / 100,
        "times": value * 10,
        "negated": -value,
        "inverted": 1 / value if value else value,
    }[change]
    assume(changed != value)
    gold = f"\\frac{{{value.numerator}}}{{{value.denominator}}}" if value.denominator > 1 else str(value)
    for answer in renderings(changed):
        assert not compare(answer, gold).correct, (answer, gold)


@settings(max_examples=60, deadline=None)
@given(st.integers(-9, 9), st.integers(1, 9), SQUAREFREE, st.integers(1, 9))
def test_a_surd_equals_itself_rationalised_reordered_and_scaled_and_no_other(a: int, b: int, n: int, c: int) -> None:
    gold = f"\\frac{{{a}+{b}\\sqrt{{{n}}}}}{{{c}}}"
    same = [
        f"\\frac{{{b}\\sqrt{{{n}}}+{a}}}{{{c}}}",
        f"({a} + {b}*sqrt({n}))/{c}",
        f"\\frac{{{a}}}{{{c}}}+\\frac{{{b * n}}}{{{c}\\sqrt{{{n}}}}}",
        f"\\frac{{{a * a - b * b * n}}}{{{c}({a}-{b}\\sqrt{{{n}}})}}",
        f"\\frac{{{a}+\\sqrt{{{b * b * n}}}}}{{{c}}}",
        f"\\frac{{{a}+{b}\\cdot {n}^{{1/2}}}}{{{c}}}",
    ]
    other = [f"\\frac{{{a}-{b}\\sqrt{{{n}}}}}{{{c}}}", f"\\frac{{{a}+{b}\\sqrt{{{n + 1}}}}}{{{c}}}", gold + "+10^{-30}"]
    value = f"{(a + b * n**0.5) / c:.12f}"
    for answer in same:
        assert compare(answer, gold).correct, (answer, gold)
    for answer in [*other, value]:
        assert not compare(answer, gold).correct, (answer, gold)


COEFFICIENTS = st.lists(st.integers(-6, 6), min_size=2, max_size=4).filter(lambda c: any(c[1:]))


def expanded(coefficients: list[int], letter: str = "x") -> str:
    terms = [f"{c}{letter}^{{{i}}}" if i else str(c) for i, c in enumerate(coefficients) if c]
    return "+".join(terms or ["0"]).replace("+-", "-")


@settings(max_examples=50, deadline=None)
@given(COEFFICIENTS, COEFFICIENTS, st.integers(0, 3))
def test_a_polynomial_equals_its_factors_and_no_perturbed_one(p: list[int], q: list[int], place: int) -> None:
    product = [0] * (len(p) + len(q) - 1)
    for i, a in enumerate(p):
        for j, b in enumerate(q):
            product[i + j] += a * b
    gold = expanded(product)
    assert compare(f"({expanded(p)})({expanded(q)})", gold).correct
    assert compare(f"({expanded(q[:])}) \\cdot \\left({expanded(p)}\\right)", gold).correct
    perturbed = list(product)
    perturbed[place % len(product)] += 1
    assert not compare(f"({expanded(p)})({expanded(q)})", expanded(perturbed)).correct
    assert not compare(gold.replace("x", "y"), gold).correct


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-30, 30), min_size=2, max_size=5, unique=True), st.randoms(use_true_random=False))
def test_order_counts_in_tuples_and_not_in_sets(values: list[int], source) -> None:
    shuffled = list(values)
    source.shuffle(shuffled)
    joined, other = ",".join(map(str, values)), ", ".join(map(str, shuffled))
    assert compare(f"\\{{{other}\\}}", f"\\{{{joined}\\}}").correct
    assert compare(other, joined).correct
    assert compare(f"({other})", f"({joined})").correct == (values == shuffled)
    assert not compare(f"({other})", f"\\{{{joined}\\}}").correct
    assert not compare(", ".join(map(str, shuffled[:-1])), joined).correct


@settings(max_examples=30, deadline=None)
@given(RADICANDS, RADICANDS, st.sampled_from(["()", "[]", "(]", "[)"]))
def test_each_end_of_an_interval_counts(a: int, b: int, brackets: str) -> None:
    assume(a < b)
    interval = f"{brackets[0]}\\sqrt{{{a}}}, \\sqrt{{{b}}}{brackets[1]}"
    signs = ["<" if brackets[0] == "(" else "\\le", "<" if brackets[1] == ")" else "\\le"]
    assert compare(f"\\sqrt{{{a}}} {signs[0]} x {signs[1]} \\sqrt{{{b}}}", interval).correct
    assert compare(f"x \\in {interval}", interval).correct
    for others in {"()", "[]", "(]", "[)"} - {brackets}:
        assert not compare(f"{others[0]}\\sqrt{{{a}}}, \\sqrt{{{b}}}{others[1]}", interval).correct


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        ("1+e^{-1000}", "1"),
        ("e^{\\pi\\sqrt{163}}", "262537412640768744"),
        ("\\frac{1}{2004!}", "\\frac{1}{2006!}"),
        ("\\arctan(10^{500})", "\\frac{\\pi}{2}"),
        ("10^{10^{10}}+1", "10^{10^{10}}"),
        ("2^{100001}", "2^{100000}"),
        ("\\sqrt{10^{60}+1}", "10^{30}"),
    ],
)
def test_near_coincidence_is_no_equality(answer: str, gold: str) -> None:
    assert not compare(answer, gold).correct


HOSTILE = [
    "\\boxed{" * 100_000,
    "\\boxed{" + "{" * 200_000,
    "\\text{" * 50_000 + "7",
    "9" * 1_000_000,
    "1," * 500_000,
    "the answer is " * 100_000,
    "<think>" * 200_000,
    "\nUser" * 200_000,
    " " * 1_000_000,
    "10^{10^{10^{10}}}",
    "9**9**9**9",
    "((5!)!)!",
    "\u0000\ud800",
    "(" * 5_000,
    "\\frac{1}{" * 100 + "x" + "}" * 100,
    "\\sqrt{1+" * 25 + "2" + "}" * 25,
    "(a+b+c+d+e+f+g+h)^{40}",
    "so " * 50_000 + "7",
    "1" + "+1" * 190,
    "\\binom{4000}{2000}^{100}",
    "```output\n" * 20_000,
    "__import__('os').system('true')",
    ",".join(f"(x+{i})^{{30}}" for i in range(38)),
]


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_input_is_wrong_and_bounded_in_any_thread(hostile: str) -> None:
    verdicts: list[Verdict] = []

    def judge() -> None:
        for gold in ("7", "\\{1,2\\}", "x^2+\\sqrt{3}"):
            verdicts.extend([compare(hostile, gold), grade("The answer is " + hostile, gold), grade(hostile, gold)])
            verdicts.append(grade(f"\\boxed{{{hostile}}}", gold))
            assert effort.effort.spent <= effort.MOST_STEPS + 10 * 400 * 400

    thread = threading.Thread(target=judge, daemon=True)
    thread.start()
    thread.join(120)
    assert len(verdicts) == 12 and not any(v.correct for v in verdicts)


def test_costly_comparisons_end_by_counted_steps() -> None:
    terms = "1+\\sqrt2+\\sqrt3+\\sqrt5+\\sqrt7+\\sqrt{11}+\\sqrt{13}"
    powers = ",".join(f"({terms})^{{{n}}}" for n in range(30, 38))
    other = ",".join(f"({terms[2:]}+1)^{{{n}}}" for n in range(37, 29, -1))
    verdict = compare(other, powers)
    assert verdict == Verdict(False, "too much work", other)


@settings(max_examples=200, deadline=None)
@given(
    st.text(alphabet="0123456789.,/%$\\{}()[]|<>=^_&frac sqrt pm boxed-+!eExyπ是答案万分之½²\n", max_size=120),
    st.text(max_size=30),
)
def test_never_raises(text: str, gold: str) -> None:
    grade(text, gold)
    compare(text, gold)
    compare(gold, text)
    compare(text, gold, "paper")
    grade(text, gold, "paper")


def test_refuses_to_start_with_another_version_of_what_changes_verdicts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mpmath, "__version__", "9.9.9")
    with pytest.raises(ImportError, match=r"mpmath 1\.3, found 9\.9\.9"):
        importlib.reload(evaluation)
    monkeypatch.undo()
    importlib.reload(evaluation)

"""The maths reading sees through the ways in which pages write the same thing, and through nothing else.

The kernel is held against the same rules as plain regular expressions, written apart from it.
"""

import gzip
import html
import json
import random
import re
import unicodedata
from pathlib import Path

import pytest

from jobs.text import tex_words
from jobs.text.maths_reading import read_maths

CJK = "\u3005-\u3007\u3041-\u3096\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003fffd"
WORD = re.compile(rf"[{CJK}]|\d+(?:\.\d+)*|[^\W\d_{CJK}]+")
TAG = re.compile(rf"<!--.*?-->|</?(?:{'|'.join(tex_words.TAGS)})(?=[\s/>])[^<>]*>", re.S | re.I)
DROPPED = tex_words.LAYOUT | tex_words.FRACTIONS | tex_words.ENVIRONMENTS | tex_words.SIGN_COMMANDS.keys()
NAMES = {**tex_words.SYMBOLS, **{letter: name for name, letter in tex_words.GREEK.items()}}
RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉"


def command(match: re.Match[str]) -> str:
    name = match[1].lower()
    return " " if name in DROPPED else f" {tex_words.SYNONYMS.get(name, name)} "


def reference(text: str) -> list[str]:
    """The words by regular expressions. Greek words, ligatures and marks that combine are not its business."""
    text = TAG.sub(" ", html.unescape(html.unescape(text)))
    text = re.sub("[\u200b-\u200f\u2060-\u2064\ufeff\u00ad]", "", text)
    text = "".join(f" {NAMES[c.lower()]} " if c.lower() in NAMES else " " if c in "…°≠" else c for c in text)
    text = re.sub(f"[{RAISED}]+", lambda m: f" {m[0]} ", text)
    text = unicodedata.normalize("NFKC", text)
    text = re.sub(r"(?<=[^\W\d_])(?:['’‘`]|\*\*|__)+(?=[^\W\d_])", "", text)
    text = re.sub(r"\\(?:begin|end) *\{[^{}\n]*\}(?:\{[lcr|]+\})?", " ", text, flags=re.I)
    text = re.sub(r"\\[dtc]?frac *(\d) *(\d)", r" \1 \2 ", text)
    text = re.sub(r"\\[dtc]?frac *(\d)", r" \1 ", text)
    text = re.sub(r"\\([A-Za-z]+)", command, text)
    text = re.sub(r"(?<=\d)(?:,\\!|\{,\}|\\,|,)(?=\d{3}(?!\d))", "", text)
    return WORD.findall(text.casefold())


def words(text: str) -> list[str]:
    read = read_maths(text)
    return [read.joined(i, 1) for i in range(len(read))]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        (r"\dfrac{1}{2}", r"\frac12"),
        (r"$\left( x \right)$", "(x)"),
        (r"\(\displaystyle x^{2}\)", "x²"),
        (r"x_{12}", "x₁₂"),
        (r"\sqrt{3}", "√3"),
        (r"\varepsilon \leq \pi", "ε ≤ π"),
        (r"\text{one}\qquad\mathrm{B}", "one B"),
        (r"90^\circ \ldots", "90°"),
        ("1,000", r"1{,}000"),
        (r"1,\!000,\!000", "1000000"),
        ("ＡＢ１２，x", "ab12 X"),
        ("Edward&#x27;s&nbsp;&amp;lt;b&amp;gt;bag", "Edwards bag"),
        ("a <!-- ad --> b<br/>c</span>", "a b c"),
        ("**bo**ld `code`", "bold code"),
        ("so\u00adft zero\u200bwidth", "soft zerowidth"),
        ("e\u0301tude", "étude"),
        (r"\begin{align*} x &= 1 \\ y \end{align*}", "x = 1 y"),
        (r"\begin{array}{l|cr} 1 & 2", "1 2"),
        (r"\DELTA X \LEQ 2", r"\delta x \le 2"),
        ("𝐴𝐵 ½ ①", "AB 1/2 1"),
        ("> quoted", "quoted"),
    ],
)
def test_different_writings_are_the_same(text: str, same: str) -> None:
    assert words(text) == words(same)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("设集合A={1，２}", ["设", "集", "合", "a", "1", "2"]),
        ("2x+3=7.5", ["2", "x", "3", "7.5"]),
        ("1,2,3 and 10,20", ["1", "2", "3", "and", "10", "20"]),
        ("καλημέρα αβ", ["καλημέρα", "alpha", "beta"]),
        (r"\foo{x}", ["foo", "x"]),
        ("x <y and y> z", ["x", "y", "and", "y", "z"]),
        ("<video> <videos>", ["videos"]),
        ("ｶﾅ ㎏ ㎡", ["カ", "ナ", "kg", "m", "2"]),
        ("الإقلاع", ["الإقلاع"]),
        ("\ud800 \\", []),
        ("", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "same"),
    [("a + b", "a+b"), ("a − b", "a-b"), (r"a \leq b", "a ≤ b"), ("a <= b", "a ≤ b"), (r"a \cdot b", "a × b")],
)
def test_signs_between_words(text: str, same: str) -> None:
    a, b = read_maths(text).signs, read_maths(same).signs
    assert a.tolist() == b.tolist() and a[1] != 0
    assert read_maths("a / b").signs[1] == 0, "a fraction bar and \\frac are alike"


def test_places_are_those_of_the_page() -> None:
    page = "x &amp;lt;b&amp;gt; caf&eacute; \\textbf{Ｙ}"
    read = read_maths(page)
    assert [page[a:b] for a, b in zip(read.starts, read.ends, strict=True)] == ["x", "caf&eacute;", "Ｙ"]


def test_the_kernel_reads_as_the_regular_expressions_do() -> None:
    pieces = [
        *" \n\t.,;:!?'’`*_~#%$^()[]|/+-=>{}", "1", "23", "456", ",789", "0.5", "x", "Word", "don't", "é", "设", "あ",
        "\\frac{", "\\sqrt{", "\\left(", "\\alpha ", "\\le ", "\\begin{cases}", "\\end{x}", "\\text{", "&", "\\,",
        "<br>", "</p>", "<!-- c -->", "²", "₁₂", "√", "≤", "…", "{,}", "**", "__",
    ]  # fmt: skip
    draw = random.Random(5)
    for _ in range(20_000):
        text = "".join(draw.choices(pieces, k=draw.randrange(1, 9)))
        assert words(text) == reference(text), repr(text)


def test_real_pages_read_as_the_regular_expressions_read_them(shared: Path) -> None:
    """All but pages of scripts that the expressions know nothing of, and of few other differences."""
    with gzip.open(shared / "data/decontamination/documents.jsonl.gz", "rt") as file:
        texts = [json.loads(line)["text"] for line in file]
    other = [text for text in texts if words(text) != reference(text)]
    assert len(other) <= len(texts) // 50


@pytest.mark.parametrize("text", ["<!--" * 50_000, "<b " * 50_000, "\\begin{" * 50_000, "&" * 100_000, "α" * 100_000])
def test_hostile_texts_take_linear_time(text: str) -> None:
    import time

    read_maths("x")
    begun = time.process_time()
    read_maths(text)
    assert time.process_time() - begun < 5

"""Language identification without a network."""

from __future__ import annotations

import time

import pytest

from jobs.text.languages import PROSE_CHARS, UNKNOWN, detect_language, prose_sample

FORMULA = "$$\\sum_{n=1}^{\\infty} \\frac{1}{n^2} = \\frac{\\pi^2}{6}$$"
CODE = "```python\nfor item in list(range(10)):\n    print(item)\n\nreturn None\n```"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The sum of two odd numbers is always an even number.", "en"),
        ("Die Summe zweier ungerader Zahlen ist immer eine gerade Zahl.", "de"),
        ("由此可知对所有情形成立，证明很短。", "zh"),
        ("数学の定理を証明する方法を説明します。", "ja"),
        ("미적분학의 기본 정리를 증명한다.", "ko"),
        ("Сумма двух нечётных чисел всегда чётна.", "ru"),
    ],
)
def test_language_is_named(text: str, language: str) -> None:
    name, probability = detect_language(text)
    assert name == language and 0.5 < probability <= 1


@pytest.mark.parametrize(
    "text",
    ["勾股定理", "求和公式", "证明", "微积分", "数论基础", "高等代数", "線性代數", "機率論", "概率论与数理统计",
     "矩阵的秩等于其行秩等于其列秩", "定理：平面上三角形内角和为180度。"],
)  # fmt: skip
def test_short_chinese_is_chinese(text: str) -> None:
    """lid.176 alone calls these Japanese, Italian, Gujarati."""
    assert detect_language(text)[0] == "zh"


@pytest.mark.parametrize(
    "text",
    [
        "Theorem 1 设函数 $f(x)$ 在 $[a,b]$ 上连续，则 $f$ 在 $[a,b]$ 上有界。",
        "PyTorch 中的 Tensor 与 autograd 用法：example code 如下，函数返回一个新的张量。",
        f"# 级数求和\n\n{FORMULA}\n\n求下列级数的和。\n\n{CODE}\n\n这段程序输出前十个数。",
    ],
)
def test_chinese_mathematics_with_english_words_is_chinese(text: str) -> None:
    assert detect_language(text)[0] == "zh"


@pytest.mark.parametrize(
    ("prose", "language"),
    [("Berechnen Sie die folgende Summe und begründen Sie das Ergebnis.", "de"), ("求下列级数的和。", "zh")],
)
@pytest.mark.parametrize(
    "other", [f"{FORMULA}\n\n" * 60, f"{CODE}\n\n" * 60, "<https://example.org/the/way/of/all/things>\n\n" * 60]
)
def test_formulas_code_and_addresses_do_not_decide(prose: str, language: str, other: str) -> None:
    assert detect_language(other + prose)[0] == language
    assert detect_language(prose + "\n\n" + other)[0] == language
    assert detect_language(other + prose + "\n\n" + other)[0] == language


@pytest.mark.parametrize("text", ["12 + 34 = 46", "", FORMULA, CODE, f"{FORMULA}\n\n{CODE}\n\nhttps://example.org/a"])
def test_text_without_prose_has_no_language(text: str) -> None:
    assert detect_language(text) == (UNKNOWN, 0.0)


def test_a_price_hides_no_prose() -> None:
    text = "A ticket costs \\$5 and a book costs \\$10 more, so we pay fifteen dollars for both."
    assert "book costs" in prose_sample(text) and detect_language(text)[0] == "en"


def test_broken_characters_do_not_raise() -> None:
    assert detect_language("a sentence with \ud800 a lone surrogate\nand a line")[0] == "en"


@pytest.mark.parametrize("piece", ["$", "$$x", "`", "``` a", "](", "http:", "$a$$b$", "`` `"])
def test_hostile_text_costs_no_more_than_its_length(piece: str) -> None:
    started = time.process_time()
    assert len(prose_sample(piece * 200_000)) <= PROSE_CHARS
    assert time.process_time() - started < 1

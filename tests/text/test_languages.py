"""Language identification without a network."""

from __future__ import annotations

import pytest

from jobs.text.languages import UNKNOWN, detect_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The sum of two odd numbers is always an even number.", "en"),
        ("Die Summe zweier ungerader Zahlen ist immer eine gerade Zahl.", "de"),
        ("由此可知对所有情形成立，证明很短。", "zh"),
    ],
)
def test_language_is_named(text: str, language: str) -> None:
    name, probability = detect_language(text)
    assert name == language and 0.5 < probability <= 1


def test_text_without_letters_has_no_language() -> None:
    assert detect_language("12 + 34 = 46") == (UNKNOWN, 0.0)


def test_broken_characters_do_not_raise() -> None:
    assert detect_language("a sentence with \ud800 a lone surrogate\nand a line")[0] == "en"

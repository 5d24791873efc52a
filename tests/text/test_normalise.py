"""What fastText sees: nothing stays glued to its neighbour, nothing can pass for a label or a second line."""

from hypothesis import given
from hypothesis import strategies as st

from jobs.text.normalise import count_tokens, normalise, tokens


def test_tex_is_split_from_words_and_keeps_its_case() -> None:
    assert normalise(r"Let $\Delta=\frac{a_1}{b}$ be") == r"let $ \Delta = \frac { a _ 1 } { b } $ be"


def test_digits_stand_alone() -> None:
    assert tokens("in 1984, x2") == ["in", "1", "9", "8", "4", ",", "x", "2"]


def test_cjk_characters_stand_alone_and_korean_words_do_not() -> None:
    assert tokens("设函数f(x)") == ["设", "函", "数", "f", "(", "x", ")"]
    assert tokens("ひとつ 수학 문제") == ["ひ", "と", "つ", "수학", "문제"]


def test_compatibility_forms_become_plain_ones() -> None:
    assert normalise("𝑥² ＋ Ａ，ﬁn") == "x 2 + a , fin"


def test_words_of_other_scripts_stay_whole_and_become_lower_case() -> None:
    assert tokens("Теорема Größe ΑΒΓ") == ["теорема", "größe", "αβγ"]


def test_a_text_cannot_smuggle_in_a_label_or_a_line() -> None:
    assert normalise("a\n__label__math\u2028b\u0085c\x0bd\x1ce") == "a _ _ label _ _ math b c d e"


def test_nothing_gives_nothing() -> None:
    assert (normalise(" \n\t"), tokens(""), count_tokens("\u3000")) == ("", [], 0)


@given(st.text())
def test_the_count_is_the_number_of_words_that_fasttext_splits(text: str) -> None:
    line = normalise(text)
    assert count_tokens(text) == len(line.split()) == len(tokens(text))
    assert "\n" not in line and "__label__" not in line


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)

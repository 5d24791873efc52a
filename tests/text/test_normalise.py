"""What fastText sees: nothing stays glued to its neighbour, nothing can pass for a label or a second line."""

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.text.normalise import count_tokens, normalise, read_texts, tokens
from jobs.web.page_text import extract_page
from jobs.web.warc_records import WarcPage, read_warc

CRAWL = Path(__file__).parents[3] / "shared" / "data" / "crawl" / "open"


ODD = "\\aZ\u00e9\u03a3\u03c2\u03c3\u0130\u0131\u212a\u1e9e1\u0663_ \n\x00\x1c\u3000\u8bbe\uf900\U00020000\U0010ffff"


def compiled(texts: list[str]) -> list[list[str]]:
    """The tokens of each text by the compiled reading, its counts checked."""
    read = read_texts(texts)
    found = [
        read.text[start:end].tobytes().decode().split(" ")[:-1]
        for start, end in zip(read.bounds[:-1], read.bounds[1:], strict=True)
    ]
    assert [len(words) for words in found] == read.counts.tolist()
    return found


@settings(deadline=None)  # the first example compiles
@given(st.lists(st.text()))
def test_the_compiled_reading_is_the_plain_one(texts: list[str]) -> None:
    assert compiled(texts) == [tokens(text) for text in texts]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.text(ODD, max_size=9)))
def test_so_it_is_for_characters_that_readings_differ_in(texts: list[str]) -> None:
    assert compiled(texts) == [tokens(text) for text in texts]


def test_every_character_is_read_alike_alone_and_within_a_word() -> None:
    """Beyond U+1FFFF are Chinese characters and no other letters: their ends stand for them."""
    ends = (0x20000, 0x2A6DF, 0x2FFFF, 0x30000, 0x3FFFF, 0x40000, 0xE0041, 0xE01F0, 0xF0000, sys.maxunicode)
    points = [*range(0xD800), *range(0xE000, 0x20000), *ends]
    for first in range(0, len(points), 4096):
        texts = [f"\\{c} b{c}1{c}C" for c in map(chr, points[first : first + 4096])]
        assert compiled(texts) == [tokens(text) for text in texts]


def test_real_pages_are_read_alike() -> None:
    file = CRAWL / "crawl-00005.warc.gz"
    if not file.exists():
        pytest.skip(f"{file} is not there")
    pages = [p for p, _ in zip((r for r in read_warc(str(file)) if isinstance(r, WarcPage)), range(150), strict=False)]
    texts = [extract_page(p.html, p.url).text for p in pages]
    assert compiled(texts) == [tokens(t) for t in texts]


def test_no_texts_give_no_tokens() -> None:
    assert compiled([]) == [] and compiled(["", " "]) == [[], []]


def test_both_small_sigmas_are_one_letter_and_a_dotted_capital_is_plain() -> None:
    assert normalise("ΣΑΣ σας Σ İstanbul") == "σασ σασ σ istanbul"


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

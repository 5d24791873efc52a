"""The paper's reading parts a text exactly where `str.split` does."""

import pytest

from jobs.text.plain_reading import LAST_SPACE, read_plain


def words(text: str) -> list[str]:
    read = read_plain(text)
    return [text[a:b] for a, b in zip(read.starts, read.ends, strict=True)]


@pytest.mark.parametrize("text", ["", " ", "a", " a  b\n", "x\u3000y\xa0z\u2028w\x1c-", "\u200bno\ufeffspace", "设 集"])
def test_words(text: str) -> None:
    assert words(text) == text.split()


def test_every_space_of_unicode_parts() -> None:
    spaces = [chr(point) for point in range(0x110000) if chr(point).isspace()]
    assert max(map(ord, spaces)) <= LAST_SPACE
    assert words("a".join(spaces)) == ["a"] * (len(spaces) - 1)


def test_letters_stay_as_they_are() -> None:
    read = read_plain("Word, word")
    assert read.joined(0, 2) == "Word, word" and read.hashes[0] != read.hashes[1]

"""What charset a page is read in, whatever it says of itself."""

from __future__ import annotations

import pytest

from jobs.web.charset import decode_page

CHINESE, JAPANESE, RUSSIAN = (
    "求下列方程的解，并验证你的答案。",
    "次の方程式を解きなさい。",
    "Решите уравнение и проверьте ответ. ",
)


def html(text: str, meta: str = "") -> str:
    declared = f'<meta charset="{meta}">' if meta else ""
    return f"<html><head>{declared}</head><body><p>{text * 8}</p></body></html>"


@pytest.mark.parametrize(
    ("text", "stored", "header", "meta"),
    [
        (CHINESE, "gb18030", "gb2312", ""),
        (CHINESE, "gb18030", "", "gbk"),
        (CHINESE, "gb18030", "", ""),
        (CHINESE, "utf-8", "", ""),
        (CHINESE, "utf-8-sig", "gb2312", ""),
        (CHINESE, "utf-16", "", ""),
        (CHINESE, "utf-16-be", "utf-16", ""),
        (CHINESE, "hz", "hz-gb-2312", ""),
        (JAPANESE, "shift_jis", "Shift_JIS", ""),
        (JAPANESE, "euc_jp", "", "euc-jp"),
        (JAPANESE, "iso2022_jp", "", "iso-2022-jp"),
        (RUSSIAN, "cp1251", "windows-1251", ""),
        (RUSSIAN, "koi8_r", "", "koi8-r"),
    ],
)
def test_declared_or_not_the_text_comes_out(text: str, stored: str, header: str, meta: str) -> None:
    page = decode_page(html(text, meta).encode(stored), f"text/html; charset={header}" if header else "text/html")
    assert text in page.html
    assert "bad_bytes" not in [note.kind for note in page.notes]


@pytest.mark.parametrize(
    ("stored", "header", "meta"),
    [("utf-8", "ISO-8859-1", ""), ("utf-8", "", "gb2312"), ("utf-8", "x-utf-9000", ""), ("gb18030", "utf-8", "gbk")],
)
def test_a_wrong_declaration_is_passed_over_and_noted(stored: str, header: str, meta: str) -> None:
    page = decode_page(html(CHINESE, meta).encode(stored), f"text/html; charset={header}" if header else "text/html")
    assert CHINESE in page.html
    assert [note.kind for note in page.notes] == ["wrong_charset"]


def test_a_declaration_that_makes_no_difference_is_not_noted() -> None:
    assert decode_page(html("plain").encode(), "text/html; charset=gb2312").notes == ()


def test_stray_latin_bytes_in_utf8_are_read_as_what_they_are() -> None:
    data = html("é 数学 ").encode().replace(b"</p>", b" caf\xe9 \x93x\x94 \xe6\x95</p>")
    page = decode_page(data, "text/html; charset=iso-8859-1")
    assert "é 数学" in page.html and "café “x” \ufffd" in page.html
    assert {note.kind for note in page.notes} == {"wrong_charset", "bad_bytes"}


def test_a_page_may_hold_the_replacement_character() -> None:
    assert decode_page(html("\ufffd").encode()).notes == ()

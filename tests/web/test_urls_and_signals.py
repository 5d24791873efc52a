"""Addresses and what pages say about their reuse."""

from __future__ import annotations

import pytest

from jobs.web.signals import Signals, read_signals
from jobs.web.urls import canonical_url, host, page_url, url_prefixes


@pytest.mark.parametrize(
    "url",
    [
        "http://www.Example.org:80/a/",
        "https://example.org/a/index.html#top",
        "https://example.org/./b/../a?utm_source=x&fbclid=y",
        "https://example.org:443/%61",
    ],
)
def test_addresses_of_one_page_have_one_form(url: str) -> None:
    assert canonical_url(url) == "https://example.org/a"


def test_a_parameter_that_chooses_the_page_stays() -> None:
    assert canonical_url("https://example.org/q?id=2&a=1") == "https://example.org/q?a=1&id=2"


def test_prefixes_go_from_wide_to_narrow() -> None:
    assert url_prefixes("https://www.example.org/questions/12?x=1") == [
        "example.org",
        "example.org/questions",
        "example.org/questions/12",
    ]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "http://[::1", "http://", "ftp://a.b/", ""])
def test_what_is_no_web_address_has_no_host(url: str) -> None:
    assert (host(url), canonical_url(url), url_prefixes(url), page_url(url)) == ("", "", [], "")


def test_odd_but_usable_addresses_are_repaired() -> None:
    assert page_url("<http://example.org/a b>") == "http://example.org/a%20b"
    assert host("http://例え.jp/") == "xn--r8jz45g.jp"


def test_robots_and_license_are_read_from_head_and_headers() -> None:
    html = (
        '<meta name="robots" content="index, NOAI"><p>'
        '<a rel="license" href="https://creativecommons.org/licenses/by-sa/4.0/deed.en">CC</a>'
    )
    found = read_signals(html, [("X-Robots-Tag", "googlebot: noindex, noimageai")])
    assert found == Signals("googlebot:noimageai,googlebot:noindex,noai", "cc-by-sa-4.0")


@pytest.mark.parametrize(
    ("html", "robots"),
    [
        ('<META CONTENT="NoIndex,NOFOLLOW" NAME="ROBOTS">', "nofollow,noindex"),
        ('<meta name="GPTBot" content="noindex, nofollow">', "gptbot:nofollow,gptbot:noindex"),
        ('<meta name="CCBot" content="nofollow"><meta name=googlebot content=noarchive>',
         "ccbot:nofollow,googlebot:noarchive"),
        ('<meta name="robots" content="noai, noimageai">', "noai,noimageai"),
        ('<meta name="tdm-reservation" content="1">', "tdm-reservation"),
        ('<meta name="tdm-reservation" content="0">', ""),
        ('<meta name="robots" content="index, follow, max-snippet:-1">', ""),
        ('<meta name="google" content="notranslate"><meta name="description" content="none of this: noindex">', ""),
        ('<!-- <meta name="robots" content="noindex"> -->', ""),
        ('</head><body><p>&lt;meta name="robots" content="noindex"&gt;</p>', ""),
        ('<meta name="robots" content="noindex"', ""),
    ],
)  # fmt: skip
def test_meta_elements_speak_to_all_or_to_single_crawlers(html: str, robots: str) -> None:
    assert read_signals(f"<html><head>{html}</head><body>x</body></html>").robots == robots


@pytest.mark.parametrize(
    ("headers", "robots"),
    [
        ([("x-robots-tag", "noindex"), ("X-Robots-Tag", "gptbot: noai, nofollow")],
         "gptbot:noai,gptbot:nofollow,noindex"),
        ([("X-Robots-Tag", "unavailable_after: 25 Jun 2010 15:00:00 PST, noarchive")], "noarchive"),
        ([("X-Robots-Tag", "max-snippet:0, noindex")], "noindex"),
        ([("TDM-Reservation", "1")], "tdm-reservation"),
        ([("X-Powered-By", "noindex")], ""),
    ],
)  # fmt: skip
def test_headers_speak_to_all_or_to_single_crawlers(headers: list[tuple[str, str]], robots: str) -> None:
    assert read_signals("<p>x</p>", headers).robots == robots


def test_a_silent_page_gives_no_signals() -> None:
    assert read_signals("<p>robots and licences are only mentioned</p>") == Signals("", "")

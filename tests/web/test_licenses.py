"""The licence of a page: what it marks or says is its own, and nothing that belongs to something in it."""

from __future__ import annotations

import json
import time

import pytest

from jobs.web.licenses import find_license, license_name
from jobs.web.signals import read_signals

BY = "https://creativecommons.org/licenses/by/4.0/"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("http://creativecommons.org/licenses/by-nc-sa/3.0/us/deed.en", "cc-by-nc-sa-3.0"),
        ("https://www.creativecommons.org/publicdomain/zero/1.0/", "cc0-1.0"),
        ("https://creativecommons.org/publicdomain/mark/1.0/", "publicdomain-mark-1.0"),
        ("CC BY-SA 4.0", "cc-by-sa-4.0"),
        ("CC-BY-NC-ND", "cc-by-nc-nd"),
        ("CC0", "cc0"),
        ("Creative Commons Attribution-ShareAlike 4.0 International License", "cc-by-sa-4.0"),
        ("Creative Commons Attribution Share Alike 4.0 International", "cc-by-sa-4.0"),
        ("Creative Commons Attribution-NonCommercial-NoDerivatives 4.0", "cc-by-nc-nd-4.0"),
        ("知识共享署名-非商业性使用-相同方式共享 4.0 国际许可协议", "cc-by-nc-sa-4.0"),
        ("https://creativecommons.org/about", ""),
        ("CC BYE, accbyte", ""),
    ],
)
def test_a_licence_has_one_short_name(text: str, name: str) -> None:
    assert license_name(text) == name


@pytest.mark.parametrize(
    ("html", "name"),
    [
        (f'<a rel="license" href="{BY}"><img alt="CC"></a>', "cc-by-4.0"),
        (f'<link href="{BY}" rel="license">', "cc-by-4.0"),
        ('<a rel="nofollow license" href="/about/terms">terms</a>', "/about/terms"),
        (f'<p>This work is licensed under a <a href="{BY}">CC Attribution 4.0</a> licence.</p>', "cc-by-4.0"),
        ("<footer>Content on this site is licensed under CC BY-SA 4.0.</footer>", "cc-by-sa-4.0"),
        ('<p>Text is available under the <a href="/legal">Creative Commons Attribution-ShareAlike 4.0 License</a></p>',
         "cc-by-sa-4.0"),
        (f'<p>Except where otherwise noted, content on this site is licensed under <a href="{BY}">CC BY 4.0</a>.</p>',
         "cc-by-4.0"),
        (f'<small>user contributions licensed under <a href="{BY}">CC BY</a></small>', "cc-by-4.0"),
        (f"<p>本博客所有文章除特别声明外，均采用 <a href='{BY}'>BY</a> 许可协议。</p>", "cc-by-4.0"),
        ("<p>本作品采用知识共享署名-相同方式共享 4.0 国际许可协议进行许可。</p>", "cc-by-sa-4.0"),
        ("<p>本文采用 CC BY-NC-SA 4.0 许可协议</p>", "cc-by-nc-sa-4.0"),
        (f"<p>Alle Inhalte dieser Seite stehen unter der Lizenz <a href='{BY}'>CC BY 4.0</a>.</p>", "cc-by-4.0"),
    ],
)  # fmt: skip
def test_what_a_page_marks_or_says_is_its_licence(html: str, name: str) -> None:
    page = f"<html><head><title>x</title></head><body><p>{'Some words of the page. ' * 40}</p>{html}</body></html>"
    assert find_license(page) == name


@pytest.mark.parametrize(
    "html",
    [
        f'<figcaption>Photo by A. Person, licensed under <a href="{BY}">CC BY 4.0</a></figcaption>',
        f'<p>The icons of this site are licensed under <a href="{BY}">CC BY 4.0</a>.</p>',
        f'<p>Image: A. Person / <a href="{BY}">CC BY</a></p>',
        f'<p>Lightbox2 &copy; A. Person, licensed under the <a href="{BY}">CC licence</a></p>',
        f'<p>Read about <a href="{BY}">the licence</a> that many authors choose.</p>',
        "<p>You may choose a licence for your work, which can be released under CC BY 4.0.</p>",
        "<p>This work is not licensed under CC BY 4.0.</p>",
        f'<!-- <a rel="license" href="{BY}">CC</a> -->',
        f'<script>var s = \'<a rel="license" href="{BY}">\';</script>',
        "<!--! Font Free by @font - License - https://font.example/license (Icons: CC BY 4.0, Code: MIT License) -->",
        "<p>All rights reserved; the software license is described elsewhere.</p>",
        '<a rel="license" href="javascript:alert(1)">x</a>',
    ],
)
def test_a_licence_of_something_else_is_not_the_pages(html: str) -> None:
    assert find_license(f"<html><body><p>{'Some words. ' * 20}</p>{html}</body></html>") == ""


def test_metadata_names_a_licence() -> None:
    html = f'<head><meta name="DC.rights" content="{BY}"></head><p>x</p>'
    assert read_signals(html).license == "cc-by-4.0"


@pytest.mark.parametrize(
    ("thing", "name"),
    [
        ({"@type": "Article", "license": BY}, "cc-by-4.0"),
        ({"@graph": [{"@type": ["WebPage", "FAQPage"], "license": {"@id": BY}}]}, "cc-by-4.0"),
        ({"@type": "ImageObject", "license": BY}, ""),
        ({"@type": "Article", "image": {"@type": "ImageObject", "license": BY}}, ""),
        ({"@type": "Article", "license": 7}, ""),
    ],
)
def test_linked_data_names_the_licence_of_pages_not_of_pictures(thing: object, name: str) -> None:
    assert find_license(f'<script type="application/ld+json">{json.dumps(thing)}</script>') == name


def test_broken_linked_data_names_nothing() -> None:
    assert find_license('<script type="application/ld+json">{"license": [[[</script>') == ""


def test_several_licences_are_all_named_and_a_list_of_them_is_none() -> None:
    links = [f'<a rel="license" href="https://creativecommons.org/licenses/{kind}/4.0/">x</a>'
             for kind in ("by", "by-sa", "by-nd", "by-nc")]  # fmt: skip
    assert find_license("".join(links[:2])) == "cc-by-4.0,cc-by-sa-4.0"
    assert find_license("".join(links)) == ""


@pytest.mark.parametrize(
    "piece", ['<a rel="license" ', "This work is licensed under CC BY ", "<!--license", "license>"]
)
def test_hostile_pages_cost_no_more_than_their_length(piece: str) -> None:
    started = time.process_time()
    read_signals(piece * 40_000)
    assert time.process_time() - started < 1

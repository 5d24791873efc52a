"""Pages whose source nests well are read without the parser; what comes out is the parser's tree."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from html.entities import html5
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.html.nodes import BEGIN, END, KIND, LAST, MARKS, NAME_END, PARENT, SIZE, scan
from jobs.web import dom
from jobs.web.page_text import PageText, extract_page
from jobs.web.record_pages import WarcPage
from jobs.web.warc_records import read_warc

DATA = Path(__file__).parents[3] / "shared" / "data"
EVERY = 20
"""Of the crawl's pages one in so many is read here."""

NAMES = """html head body title meta link script style noscript p div span a b em pre h1 h2 ul ol li dl dt dd
table thead tbody tr td th caption colgroup col br hr img input select option optgroup textarea button form
section sub sup font svg math mi mtext semantics annotation annotation-xml path g desc foreignObject
linearGradient mml:mi x-y iframe object xmp template ruby rt listing image nobr frameset""".split()
ATTRIBUTES = (
    "a=1", 'class="x y"', "id='q'", "href=?a=1&copy=2", "href='?a=1&copy'", 'title="a&amp;b&lt;c>d<e"', "A=2", "c",
    "d = e",
    "d= 'f\"g'", "viewBox='0 0'", "viewbox=1", "xlink:href=#a", 'xmlns="x"', 'alt="&nbsp;\u00a0"', "definitionURL=a",
    "encoding=text/html", "x=&quot;", "z=a/", "=x", 'a"b=c', "e='&notit;'", "",
)  # fmt: skip
TEXTS = (
    "x", "y z", " ", "\n", "\n\n", "&amp;", "&lt;b", "&nbsp;", "\u00a0", "&#36;", "&#x5c;", "&sup2;", "&copy", "&copy;",
    "&x;",
    "a & b", "<", "<3", ">", "&#150;", "&#0;", "&#xfdd0;", "\r\n", "\f", "é", "&notit;", "&#32;", "&#10;", "&",
    "\0", "\ufdd0",
)  # fmt: skip
OTHERS = (
    "<!-- c -->", "<!-->", "<!-- --!> -->", "<!doctype html>", '<!DOCTYPE html PUBLIC "x">', "<?xml?>", "<![CDATA[x]]>",
    "</>",
    "</p>", "</br>", "</html>", "</body>\n", "</head>", "<script>a<b</script>",
    "<script><!-- <script> --></script>x</script>", "<title>a&amp;<b></title>",
    "<textarea>\n\nx</textarea>", "<pre>\n\nx</pre>", "<svg><path/></svg>",
    "<pre><!-- -->\n",
    "<math><annotation-xml encoding='text/html'><p>x</p></annotation-xml></math>",
)  # fmt: skip


def tree(markup: bytes) -> tuple[object, ...]:
    """All that the nodes of a page say, but for where in the markup they stand."""
    nodes, candidates, places, over = scan(np.frombuffer(markup, dtype=np.uint8))
    rows = [
        (markup[n[BEGIN] : n[NAME_END]], markup[n[NAME_END] : n[END]], *n[[KIND, LAST, PARENT, MARKS, SIZE]].tolist())
        for n in nodes
    ]
    return rows, candidates.tolist(), places.tolist(), over


def accepted(html: str) -> bool:
    """Whether a page is read without the parser, after a check that the parser's tree is the same."""
    markup = dom._nested_well(html)
    if markup is not None:
        assert tree(markup) == tree(dom._repaired(html)[0]), html
    return markup is not None


def parsed(html: str) -> PageText:
    """A page's text by way of the parser."""
    with patch.object(dom, "_nested_well", lambda html: None):
        return extract_page(html)


def crawl_pages() -> Iterator[str]:
    for path in sorted((DATA / "crawl" / "open").glob("*.warc.gz")):
        for at, record in enumerate(read_warc(path)):
            if at % EVERY == 0 and isinstance(record, WarcPage):
                yield record.html


@st.composite
def soups(draw: st.DrawFn) -> str:
    """Tags that mostly nest, with odd ones, texts and comments between them."""
    parts: list[str] = [draw(st.sampled_from(["", "<!doctype html>", "<html><head></head><body>"]))]
    opened: list[str] = []
    for kind in draw(st.lists(st.integers(0, 9), max_size=14)):
        if kind < 4:
            name = draw(st.sampled_from(NAMES))
            given_attributes = draw(st.lists(st.sampled_from(ATTRIBUTES), max_size=2))
            parts.append(f"<{' '.join([name, *given_attributes])}{draw(st.sampled_from(['', ' ', ' /']))}>")
            opened.append(name)
        elif kind < 7 and opened:
            parts.append(f"</{opened.pop()}>")
        else:
            parts.append(draw(st.sampled_from(TEXTS if kind < 9 else OTHERS)))
    return "".join(parts + [f"</{name}>" for name in reversed(opened)])


@settings(max_examples=400, derandomize=True, deadline=None)
@given(soups())
def test_any_page_that_is_accepted_has_the_parser_s_tree_and_text(html: str) -> None:
    if accepted(html):
        assert extract_page(html) == parsed(html)


@pytest.mark.parametrize(
    "html",
    [
        "<p>a<p>b<ul><li>c<li><p>d</ul>e",
        "<table><tr><td>a<td>b<tr><th>c</table><dl><dt>a<dd>b<dt>c</dl>",
        "<TITLE>a &amp; b</TITLE><DIV CLASS=x ID='y'>c</DIV>",
        "<svg viewBox='0 0 1 1'><path d=1 /><foreignObject><p>x</p></foreignObject></svg><math><mi>x</mi></math>",
        "a < b &lt; c &sup2; &#36; &#x5c; &NotEqualTilde; & d<pre>\n\n x</pre></p>",
        "<a href='?a=1&b=2&copy=3'>x</a><select><option>a<option>b</select>\r\n</body>\n</html>\n<!-- x -->",
    ],
)
def test_what_only_leaves_out_end_tags_needs_no_parser(html: str) -> None:
    assert accepted(html)


@pytest.mark.parametrize(
    "html",
    [
        "<b>a<div>b</b></div>",
        "<table>a<tr><td>b</table>",
        "a&copyb",
        "<a>b<a>c</a>",
        "<div></span></div>",
        "a\0b",
        "&#xfdd0;",
    ]
    + [
        "<svg><p>x</p></svg>",
        "<script><!-- <script> --></script>x</script>",
        "<p a=1" + "".join(f" a{n}" for n in range(99)) + ">",
    ],
)
def test_what_the_standard_repairs_is_left_to_the_parser(html: str) -> None:
    assert dom._nested_well(html) is None


def test_every_named_character_is_the_parser_s() -> None:
    names = sorted(name for name in html5 if name.endswith(";"))
    assert accepted("".join(f"<p title='&{name}'>&{name}</p>" for name in names))


@pytest.mark.skipif(not DATA.exists(), reason="needs ../shared/data")
def test_real_pages_have_the_parser_s_tree_and_text() -> None:
    with gzip.open(DATA / "mathpages" / "pages.jsonl.gz", "rt", encoding="utf-8") as lines:
        pages = [json.loads(line)["html"] for line in lines]
    assert all(map(accepted, pages))
    crawled = list(crawl_pages())
    assert sum(map(accepted, crawled)) > 0.7 * len(crawled)
    for html in pages[::EVERY] + crawled[::EVERY]:
        assert extract_page(html) == parsed(html)

"""The text around the formulas: structure, boilerplate, literal dollars, bounds on hostile pages."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.html.nodes import MAX_NODES
from jobs.web.page_text import extract_page


def test_headings_lists_and_links_become_markdown() -> None:
    html = "<h2>On <em>primes</em></h2><ol start=3><li>two</li><li>three<ul><li>odd</li></ul></li></ol>"
    assert extract_page(html).text == "## On primes\n\n3. two\n4. three\n   - odd"


def test_navigation_footer_and_hidden_parts_are_left_out() -> None:
    article = "<p>" + "The sum of two odd numbers is even, as one sees at once. " * 5 + "</p>"
    html = f"<nav>Home | About</nav>{article}<div style='display: none'>secret</div><footer>Imprint</footer>"
    text = extract_page(html).text
    assert text.startswith("The sum") and not any(word in text for word in ("Home", "secret", "Imprint"))


def test_a_wrapper_named_like_boilerplate_keeps_its_text() -> None:
    html = "<div class='content with-sidebar'><p>" + "Let us prove the theorem by induction on n. " * 5 + "</p></div>"
    assert "induction" in extract_page(html).text


def test_a_line_in_chinese_is_a_line_and_wide_letters_stay_wide() -> None:
    assert extract_page("<p>由此可知结论成立。</p><p>ｆ（ｘ） ﬁeld</p>").text == "由此可知结论成立。\n\nｆ（ｘ） ﬁeld"


def test_prices_and_shell_variables_are_escaped_not_typeset() -> None:
    html = "<p>Set $HOME and $PATH; it costs $5 or US$113.</p>"
    assert extract_page(html).text == r"Set \$HOME and \$PATH; it costs \$5 or US\$113."


def test_no_formula_crosses_a_paragraph() -> None:
    assert extract_page("<p>cost $x_1</p><p>and y_2$ more</p>").formulas_kept == 0


def test_neighbouring_formulas_do_not_run_together() -> None:
    html = '<p><script type="math/tex">a</script><script type="math/tex">b</script>2</p>'
    assert extract_page(html).text == "$a$ $b$ 2"


def test_ordinals_notes_trademarks_and_gases_are_no_formulas() -> None:
    html = "<p>The 21<sup>st</sup> note<sup>3</sup> on Brightline<sup>TM</sup> and H<sub>2</sub>O in a 25 m² room.</p>"
    assert extract_page(html).text == "The 21st note3 on BrightlineTM and H2O in a 25 m² room."


def test_back_quotes_are_code_unless_the_page_configures_asciimath() -> None:
    assert extract_page("<p>Run `make x_1` now.</p>").formulas_seen == 0


def test_the_ledger_counts_what_is_seen_and_what_is_printed() -> None:
    page = extract_page(r'<p>\(x\)</p><p><math><mi>y</mi></math></p><span class="katex"></span>')
    assert (page.formulas_seen, page.formulas_kept) == (3, 2)
    assert page.formula_kinds == {"delimiters": 1, "mathml": 1}


def test_title_is_one_line() -> None:
    assert extract_page("<title> On\n primes </title><p>x</p>").title == "On primes"


def test_layout_table_is_unwrapped_and_data_table_kept() -> None:
    assert extract_page("<table><tr><td><p>only prose</p></td></tr></table>").text == "only prose"
    assert extract_page("<table><tr><td>a<td>b<tr><td>c|d<td>e</table>").text == "| a | b |\n|---|---|\n| c\\|d | e |"


HOSTILE = {
    "deep": "<div>" * 100_000 + "end",
    "attributes": "<p " + " ".join(f"a{n}" for n in range(200_000)) + ">end</p>",
    "dollars": "<p>" + "$" * 100_000 + "end",
    "double_dollars": "<p>" + "$$a " * 30_000 + "end",
    "parentheses": "<p>" + "\\(" * 50_000 + "end",
    "environments": "<p>" + "\\begin{align}" * 10_000 + "end",
    "brackets_before_a_script": "<p>x<sup>2</sup>" + "(" * 20_000 + "end",
    "definitions": "<p>" + "\\newcommand{\\a}{" * 10_000 + "end",
    "self_defining_macros": r"<p>\newcommand{\a}{\b\b}\newcommand{\b}{\a\a}\(\a\) end",
    "colspan": '<table><tr><td colspan="9007199254740991">a<td>b<tr><td>c<td>end</table>',
    "deep_mathml": "<p>end</p><math>" + "<mrow>" * 50_000 + "<mi>x</mi>",
}


@pytest.mark.parametrize("html", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_page_costs_no_more_than_its_limit(html: str) -> None:
    begin = time.process_time()
    assert "end" in extract_page(html).text
    assert time.process_time() - begin < 5


def test_a_page_over_a_limit_is_kept_and_marked() -> None:
    page = extract_page("<p>first</p>" + "<b></b>" * MAX_NODES + "<p>last</p>")
    assert page.over_limit and page.text == "first"
    assert not extract_page("<p>first</p>" + "<b></b>" * 100).over_limit


PIECES = [
    *"<>/\"'=$\\(){}[]^_`&;:|-. abx\n\0\ud800\ufdd0²中",
    "<sup>",
    "<math>",
    "<td>",
    "<pre>",
    '<script type="math/tex">',
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=60))
def test_no_string_raises(pieces: list[str]) -> None:
    extract_page("".join(pieces))

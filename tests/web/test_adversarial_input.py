"""Hostile pages: the cost of each kind grows with its length, not with the square of it, and nothing raises."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from jobs.web.page_text import extract_page

SMALL, FACTOR = 600, 4
ALLOWED = 9
"""Four times the page may take nine times the time; a quadratic cost would take sixteen times."""
FLOOR_S = 0.004
"""Times below this say nothing about growth."""

DOLLARS = (
    '<script>MathJax={tex:{inlineMath:[["$","$"]],macros:{a:"{\\\\b}"}}}</script><script src="mathjax.js"></script>'
)


def repeated(piece: str, before: str = "<p>", after: str = "") -> Callable[[int], str]:
    """A page that says one thing again and again."""
    return lambda count: before + piece * count + after


def nested(opening: str, closing: str, before: str = "", after: str = "") -> Callable[[int], str]:
    """A page that opens everything before it closes anything."""
    return lambda count: before + opening * count + "x" + closing * count + after


def tex_script(piece: str) -> Callable[[int], str]:
    """A page with one long formula."""
    return repeated(piece, '<script type="math/tex">', "</script>")


def config(piece: str) -> Callable[[int], str]:
    """A page with an odd configuration."""
    return repeated(piece, "<script>/* mathjax katex renderMathInElement */ ", "</script><p>x")


KATEX = '<span class="katex"><span class="katex-html">'
PAGES = {
    "dollars": repeated("$"),
    "dollars_configured": repeated("$a ", DOLLARS + "<p>"),
    "double_dollars": repeated("$$x "),
    "round_openings": repeated("\\("),
    "square_openings": repeated("\\["),
    "environments_open": repeated("\\begin{align}"),
    "environments_nested": nested("\\begin{align}", "\\end{align}", "<p>"),
    "braces": repeated("{", "<p>\\(", "\\)"),
    "bbcode": repeated("[math]"),
    "back_quotes": repeated("`", "<script>asciimath2jax</script><p>"),
    "superscripts": repeated("x<sup>2</sup>"),
    "superscripts_nested": repeated("<sup>"),
    "unicode_scripts": repeated("x²"),
    "spaces_between_scripts": repeated(" ", "<p>x²", "y²"),
    "brackets_around_a_script": nested("(", ")", "<p>x²"),
    "brackets_open": repeated("(x² "),
    "letters_behind_a_script": repeated("a + ", "<p>x²"),
    "image_alt_braces": repeated("{", '<img alt="\\frac', '">'),
    "image_alt_words": repeated("a, ", '<img alt="\\frac', '">'),
    "image_alt_dollar": repeated("a", '<img alt="$', '">'),
    "image_address": repeated("\\dpi{1}", '<img src="https://latex.codecogs.com/gif.latex?', '">'),
    "config_lists": config("inlineMath: ["),
    "config_brackets": config("["),
    "config_macros": config("macros: {"),
    "config_macro_entries": repeated('"a":"', "<script>mathjax macros: {", "</script><p>x"),
    "config_delimiters": config('delimiters: [{left:"a",'),
    "definitions_open": repeated("\\newcommand{\\a}"),
    "definitions_nested": repeated("\\def\\a{", "<p>\\(", "\\)"),
    "macro_uses": repeated("\\a ", DOLLARS + "<p>\\(", "\\)"),
    "colours": tex_script("\\color{"),
    "text_colours": tex_script("\\textcolor  [  "),
    "labels": tex_script("\\label{"),
    "comments": tex_script("%"),
    "entities": tex_script("&amp;"),
    "styles": tex_script("{\\displaystyle "),
    "unknown_environments": tex_script("\\begin{a}"),
    "inner_dollars": tex_script("$a"),
    "mathml_deep": nested("<mrow>", "</mrow>", "<math>", "</math>"),
    "mathml_wide": repeated("<mi>x</mi>", "<math>", "</math>"),
    "mathml_tables": nested("<mtable><mtr><mtd>", "</mtd></mtr></mtable>", "<math><mo>(</mo>", "</math>"),
    "mathml_unclosed": repeated("<mover><mi>x</mi>", "<math>"),
    "mathml_binomials": repeated(
        '<mo>(</mo><mfrac linethickness="0"><mi>a</mi><mi>b</mi></mfrac><mo>)</mo>', "<math>", "</math>"
    ),
    "mathml_many": repeated("<math><mi>x</mi></math>"),
    "katex_deep": repeated('<span class="mord">', KATEX),
    "katex_stacks": repeated(
        '<span class="mfrac"><span class="vlist-t"><span class="vlist"><span style="top:-1em">', KATEX
    ),
    "katex_accents": repeated('<span class="mord accent"><span class="vlist"><span style="top:1em">', KATEX, "x"),
    "chtml_deep": repeated("<mjx-mfrac><mjx-frac><mjx-num>", "<mjx-container><mjx-math>"),
    "chtml_wide": repeated('<mjx-mi><mjx-c class="mjx-c1D467"></mjx-c></mjx-mi>', "<mjx-container><mjx-math>"),
    "svg_deep": repeated('<g data-mml-node="msup">', '<mjx-container><svg><g data-mml-node="math">'),
    "mathjax2_deep": repeated('<span class="mjx-math">', '<span class="MathJax">'),
    "html_css_deep": repeated(
        '<span class="msubsup"><span style="position:absolute;top:1em">', '<span class="MathJax"><span class="math">'
    ),
    "previews": repeated('<span class="MathJax_Preview"></span>'),
    "containers_nested": repeated('<span class="math-container">', "<p>", "$x$"),
    "renderings_nested": repeated('<span class="MathJax">', "<p>", "x"),
    "mediawiki_nested": repeated('<span class="mwe-math-element">'),
    "data_openings": repeated("\\(", '<span data-tex="', '">'),
    "data_nested": repeated('<span data-math-style="inline" data-tex="">'),
    "drawings": repeated("<svg><title>a</title></svg>"),
    "drawings_nested": repeated("<svg>"),
    "tex_tags_nested": repeated("<tex-math>"),
    "alternatives_nested": repeated("<alternatives>"),
    "equation_tables": repeated("<tr><td>", '<table class="ltx_eqn_table">'),
    "asciimath": repeated("(", '<script type="math/asciimath">', "</script>"),
}


def seconds(html: str) -> float:
    """Processor time of one extraction."""
    start = time.process_time()
    extract_page(html)
    return time.process_time() - start


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
def test_cost_grows_with_the_length(page: Callable[[int], str]) -> None:
    small, large = page(SMALL), page(SMALL * FACTOR)
    growth = []
    for _ in range(3):  # another process may slow one of the two down
        growth.append(seconds(large) / max(seconds(small), FLOOR_S))
        if growth[-1] <= ALLOWED:
            return
    raise AssertionError(f"{FACTOR} times the page took {min(growth):.1f} times the time")

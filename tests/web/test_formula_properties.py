"""What holds for any page: no string raises, printed formulas read back as themselves, counts and delimiters agree."""

from __future__ import annotations

import re
from html import escape

from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.web.page_text import PageText, extract_page
from jobs.web.tex import normalise, well_formed

PIECES = st.sampled_from(
    r"""$ $$ \( \) \[ \] \begin{align} \end{align} \begin{matrix} \end{matrix} \\ & { } ^ _ \frac \sqrt \alpha x y 1 2 +
    = - ( ) | [math] [/math] [1] `x^2` &amp; &lt; &#36; <p> </p> <br> <em> </em> <sub> </sub> <sup> </sup>
    <code> </code> <pre> </pre> <table> <tr> <td> </table> <math> </math> <mi> </mi> <mfrac> </mfrac> <mo>
    </mo> <annotation> <script>
    </script> <span> </span> $5 \$ word and \newcommand{\a}{b} \a % \text{if} \def\b{ \u0300 中文 é ²
    ₃ <li> <h2> </h2>""".split()
)
CLASSES = st.sampled_from(
    """math-container katex katex-html MathJax mjx-chtml math inline ltx_eqn_table mwe-math-element tex AM eqno
    latex-rendered mq-math-mode vlist-t vlist msupsub mfrac sqrt accent mtable js-render-math""".split()
)
ATTRIBUTES = st.sampled_from(
    [
        "data-tex",
        "data-mathml",
        "alttext",
        "alt",
        "src",
        "data-latex",
        "data-attrs",
        "aria-label",
        "data-mml-node",
        "style",
    ]
)


@st.composite
def tags(draw: st.DrawFn) -> str:
    """An opening tag that may say that it is a formula."""
    tag = draw(st.sampled_from("span div math img script svg mjx-container mjx-math g table tex-math code".split()))
    value = escape(draw(st.lists(PIECES, max_size=4).map("".join)), quote=True)
    return f'<{tag} class="{draw(CLASSES)}" {draw(ATTRIBUTES)}="{value}">'


pages = st.lists(st.one_of(PIECES, tags(), st.text(max_size=6)), max_size=40).map(" ".join)
EXAMPLES = settings(derandomize=True, deadline=None, max_examples=100)


def unescaped_dollars(page: PageText) -> int:
    """Dollars outside code that Markdown would take for delimiters."""
    prose = re.sub(r"(?ms)^\s*(?:> ?|- )*(`{3,}).*?^\s*(?:> ?|- )*\1$|(`+).+?\2", "", page.text)
    return len(re.findall(r"(?<!\\)\$", prose.replace(r"\\", "")))


@EXAMPLES
@given(st.text(max_size=400))
def test_no_string_raises(html: str) -> None:
    extract_page(html)


@EXAMPLES
@given(pages)
def test_no_page_raises_and_kept_is_no_more_than_seen(html: str) -> None:
    page = extract_page(html)
    assert 0 <= page.formulas_kept <= page.formulas_seen
    assert sum(page.formula_kinds.values()) == page.formulas_kept


@EXAMPLES
@given(st.lists(PIECES.filter(lambda piece: "<" not in piece and "`" not in piece), max_size=25).map(" ".join))
def test_delimiters_are_balanced(text: str) -> None:
    assert unescaped_dollars(extract_page(f"<p>{text}</p>")) % 2 == 0


TEX = st.lists(
    st.sampled_from([r"\frac{a}{b}", "x^{2}", "y_{i}", r"\alpha", "+", "=", r"\sqrt{z}", "(", ")", r"\text{if }", "1"]),
    min_size=1,
    max_size=8,
).map(" ".join)


@EXAMPLES
@given(st.lists(TEX, min_size=1, max_size=4))
def test_what_is_printed_reads_back_as_the_same(formulas: list[str]) -> None:
    html = " and then ".join(f"<span class='math-container'>\\({escape(tex)}\\)</span>" for tex in formulas)
    first = extract_page(f"<p>Let {html} be.</p>")
    dollars = "<script>MathJax={tex:{inlineMath:[['$','$']]}}</script><script src='mathjax.js'></script>"
    again = extract_page(f"{dollars}<p>{escape(first.text)}</p>")
    assert first.formulas_kept == len(formulas)
    assert again.text == first.text
    assert again.formulas_kept == first.formulas_kept


@EXAMPLES
@given(st.lists(PIECES, max_size=12).map("".join))
def test_cleaning_twice_is_cleaning_once(tex: str) -> None:
    once = normalise(tex)
    if well_formed(once) and "&" not in once and "%" not in once:  # entities and comments may be written twice
        assert normalise(once) == once

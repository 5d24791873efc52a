"""What MathJax and KaTeX drew, where the page keeps no other form: written here after the renderers' own output."""

from __future__ import annotations

import pytest

from jobs.web.page_text import extract_page


def chtml(inner: str) -> str:
    """CHTML of MathJax 3 and 4 around a row."""
    return f'<mjx-container class="MathJax" jax="CHTML"><mjx-math>{inner}</mjx-math></mjx-container>'


def svg(*pieces: str) -> str:
    """SVG of MathJax 3 (one piece) and 4 (one for each place where the line may break)."""
    drawn = "<mjx-break> </mjx-break>".join(
        f'<svg><g><g data-mml-node="math">{inner}</g></g></svg>' for inner in pieces
    )
    return f'<mjx-container class="MathJax" jax="SVG" display="true">{drawn}</mjx-container>'


def letter(name: str, code: str, extra: str = "") -> str:
    """A token of CHTML with one glyph."""
    return f'<mjx-{name} class="mjx-i"><mjx-c class="mjx-c{code} {extra}"></mjx-c></mjx-{name}>'


def node(name: str, code: str, at: str = "") -> str:
    """A token of SVG with one glyph, moved to a place."""
    moved = f' transform="translate({at}) scale(0.707)"' if at else ""
    return f'<g data-mml-node="{name}"{moved}><use data-c="{code}"></use></g>'


X, N, TWO = letter("mi", "1D465"), letter("mi", "1D45B"), letter("mn", "32")
CASES = {
    "chtml_fraction": (
        chtml(
            f"<mjx-mfrac><mjx-frac><mjx-num><mjx-nstrut></mjx-nstrut>{X}</mjx-num><mjx-dbox><mjx-dtable><mjx-line>"
            f"</mjx-line><mjx-row><mjx-den>{TWO}</mjx-den></mjx-row></mjx-dtable></mjx-dbox></mjx-frac></mjx-mfrac>"
        ),
        r"$\frac{x}{2}$",
    ),
    "chtml_root_with_index": (
        chtml(
            f"<mjx-mroot><mjx-root>{N}</mjx-root><mjx-sqrt><mjx-surd>{letter('mo', '221A')}</mjx-surd>"
            f"<mjx-box>{X}</mjx-box></mjx-sqrt></mjx-mroot>"
        ),
        r"$\sqrt[n]{x}$",
    ),
    "chtml_upper_script_comes_first": (
        chtml(f"<mjx-msubsup>{X}<mjx-script>{TWO}<mjx-spacer></mjx-spacer>{N}</mjx-script></mjx-msubsup>"),
        r"$x_{n}^{2}$",
    ),
    "chtml_limits": (
        chtml(
            f"<mjx-munderover><mjx-over>{N}</mjx-over><mjx-box><mjx-munder><mjx-row><mjx-base>"
            f"{letter('mo', '2211', 'TEX-S2')}</mjx-base></mjx-row><mjx-row><mjx-under>{X}</mjx-under></mjx-row>"
            "</mjx-munder></mjx-box></mjx-munderover>"
        ),
        r"$\sum_{x}^{n}$",
    ),
    "chtml_fonts": (
        chtml(letter("mi", "4C", "TEX-C") + letter("mi", "211D", "TEX-A") + letter("mi", "64")),
        r"$\mathcal{L}\mathbb{R}\mathrm{d}$",
    ),
    "chtml_stretched_fence_and_table": (
        chtml(
            '<mjx-mo><mjx-stretchy-v class="mjx-c28"><mjx-beg><mjx-c></mjx-c></mjx-beg></mjx-stretchy-v></mjx-mo>'
            f"<mjx-mtable><mjx-table><mjx-itable><mjx-mtr><mjx-mtd>{X}</mjx-mtd><mjx-mtd>{TWO}</mjx-mtd></mjx-mtr>"
            f"<mjx-mtr><mjx-mtd>{N}</mjx-mtd><mjx-mtd>{TWO}</mjx-mtd></mjx-mtr></mjx-itable></mjx-table></mjx-mtable>"
            '<mjx-mo><mjx-stretchy-v class="mjx-c29"><mjx-beg><mjx-c></mjx-c></mjx-beg></mjx-stretchy-v></mjx-mo>'
        ),
        r"$\begin{pmatrix}x&2\\n&2\end{pmatrix}$",
    ),
    "chtml_unknown_command_stays_a_command": (
        chtml("<mjx-mtext><mjx-c class='mjx-c5C'></mjx-c><mjx-c class='mjx-c5A'></mjx-c></mjx-mtext>"),
        r"$\Z$",
    ),
    "svg_scripts_by_height": (
        svg(
            f'<g data-mml-node="msubsup">{node("mi", "1D465")}'
            f"{node('mn', '32', '5,413')}{node('mi', '1D45B', '5,-247')}</g>"
        ),
        r"$$x_{n}^{2}$$",
    ),
    "svg_fraction_with_and_without_line": (
        svg(
            f'<g data-mml-node="mfrac">{node("mi", "1D465")}{node("mn", "32")}<rect width="5"></rect></g>'
            f'{node("mo", "28")}<g data-mml-node="mfrac">{node("mi", "1D45B")}{node("mn", "32")}</g>{node("mo", "29")}'
        ),
        r"$$\frac{x}{2}\binom{n}{2}$$",
    ),
    "svg_root": (
        svg(f'<g data-mml-node="msqrt"><g>{node("mi", "1D465")}</g>{node("mo", "221A")}<rect></rect></g>'),
        r"$$\sqrt{x}$$",
    ),
    "svg_in_pieces": (svg(node("mi", "1D465"), node("mo", "3D") + node("mn", "32")), "$$x=2$$"),
    "svg_composed_prime": (
        svg(
            f'<g data-mml-node="msup">{node("mi", "1D465")}<g data-mml-node="mo" transform="translate(5,363)">'
            '<g data-c="2033"><use data-c="2032"></use><use data-c="2032"></use></g></g></g>'
        ),
        "$$x''$$",
    ),
    "svg_from_a_server_with_a_title": (
        '<svg><title id="MathJax-SVG-1-Title">\\frac{a}{b}</title><g><use></use></g></svg>',
        r"$\frac{a}{b}$",
    ),
    "mathjax2_common_html": (
        (
            '<span class="MathJax_CHTML"><span class="mjx-chtml"><span class="mjx-math"><span class="mjx-mrow">'
            '<span class="mjx-msubsup"><span class="mjx-base"><span class="mjx-mi">'
            '<span class="mjx-char MJXc-TeX-math-I">x'
            '</span></span></span><span class="mjx-stack"><span class="mjx-sup"><span class="mjx-mn">'
            '<span class="mjx-char">2'
            '</span></span></span><span class="mjx-sub"><span class="mjx-mi">'
            '<span class="mjx-char MJXc-TeX-math-I">n</span>'
            '</span></span></span></span><span class="mjx-mi"><span class="mjx-char MJXc-TeX-ams-R">R'
            "</span></span></span>"
            "</span></span></span>"
        ),
        r"$x_{n}^{2}\mathbb{R}$",
    ),
    "mathjax2_label_with_the_source": (
        '<span class="mjx-chtml"><span class="mjx-math" aria-label="x^2"><span class="mjx-mi">x</span></span></span>',
        "$x^2$",
    ),
    "mathjax2_html_css_by_height": (
        (
            '<span class="MathJax"><nobr><span class="math"><span class="mrow"><span class="msubsup"><span>'
            '<span style="position: absolute; top: -3.2em; left: 0em;"><span class="mi" style="font-family: '
            'MathJax_Math-italic;">x</span><span style="display: inline-block; height: 4em;"></span></span>'
            '<span style="position: absolute; top: -4.4em; left: 0.6em;"><span class="mn">2</span>'
            '<span style="display: inline-block; height: 4em;"></span></span></span></span></span></span></nobr></span>'
        ),
        "$x^{2}$",
    ),
    "katex_before_0_7": (
        (
            '<span class="katex"><span class="katex-html"><span class="mord"><span class="mord mathit">z</span>'
            '<span class="vlist"><span style="top:-0.363em"><span class="mord mathrm">2</span></span>'
            '<span class="baseline-fix"></span></span></span></span></span>'
        ),
        "$z^{2}$",
    ),
    "katex_since_0_17_with_prefixed_names": (
        (
            '<span class="katex"><span class="katex-html"><span class="mord katex-accent"><span class="vlist-t">'
            '<span class="vlist-r"><span class="vlist"><span style="top:-3em;">'
            '<span class="pstrut" style="height:3em;">'
            '</span><span class="mord mathnormal">F</span></span><span style="top:-3.2em;"><span class="pstrut" '
            'style="height:3em;"></span><span class="accent-body"><svg viewBox="0 0 471 714"></svg>'
            "</span></span></span>"
            "</span></span></span></span></span>"
        ),
        r"$\vec{F}$",
    ),
}


@pytest.mark.parametrize(("markup", "expected"), CASES.values(), ids=CASES.keys())
def test_drawn_formula_comes_back_as_tex(markup: str, expected: str) -> None:
    assert extract_page(f"<p>Alpha {markup} beta.</p>").text == f"Alpha {expected} beta."


def test_tex_beside_the_drawing_is_preferred() -> None:
    drawn = chtml(X).replace("<mjx-math>", '<mjx-math data-latex="x_{\\text{true}}">')
    assert extract_page(f"<p>So {drawn}.</p>").text == r"So $x_{\text{true}}$."


def test_a_drawing_of_nothing_is_seen_and_not_printed() -> None:
    page = extract_page(f"<p>So {chtml('')}.</p>")
    assert (page.formulas_seen, page.formulas_kept, page.text) == (1, 0, "So .")

"""The 25 kinds of formula markup: each page fragment and the Markdown that must come out of it."""

from __future__ import annotations

import pytest

from jobs.web.page_text import extract_page

MATHJAX3 = '<script src="https://cdn.jsdelivr.net/npm/mathjax@3/es5/tex-mml-chtml.js"></script>'
MML = 'xmlns="http://www.w3.org/1998/Math/MathML"'

CASES = {
    "mathjax2_script_with_preview_and_rendering": (
        (
            '<p>Hence <span class="MathJax_Preview">x2+1</span><span class="MathJax" id="M1"><nobr><span class="math">'
            '<span class="mi">x</span><span class="mn">2</span><span class="mo">+</span><span class="mn">1'
            "</span></span></nobr></span>"
            '<script type="math/tex" id="M1s">x^2+1</script> is positive.</p>'
        ),
        "Hence $x^2+1$ is positive.",
    ),
    "mathjax2_display_script_with_cdata_guard": (
        (
            '<p>We obtain</p><script type="math/tex; mode=display">% '
            "<![CDATA[\n\\int_0^1 x^{n}\\,dx=\\frac{1}{n+1} %]]></script>"
            "<p>for every integer.</p>"
        ),
        "We obtain\n\n$$\\int_0^1 x^{n}\\,dx=\\frac{1}{n+1}$$\n\nfor every integer.",
    ),
    "raw_delimiters": (
        MATHJAX3 + r"<p>Let \(a_1,a_2\) be reals, then \[ a_1+a_2=b_3 \] by definition.</p>",
        "Let $a_1,a_2$ be reals, then $$a_1+a_2=b_3$$ by definition.",
    ),
    "ams_environment_in_running_text": (
        "<p>Compute</p>\\begin{align*}\n f(x) &amp;= (x+1)^2 \\\\\n &amp;= x^2+2x+1\n\\end{align*}<p>as claimed.</p>",
        "Compute\n\n$$\\begin{align*} f(x) &= (x+1)^2 \\\\ &= x^2+2x+1 \\end{align*}$$\n\nas claimed.",
    ),
    "currency_next_to_formulas": (
        MATHJAX3 + r"<p>A ticket costs $5 and a book costs $10 more, so with \(n\) tickets we pay \(5n\) dollars.</p>",
        r"A ticket costs \$5 and a book costs \$10 more, so with $n$ tickets we pay $5n$ dollars.",
    ),
    "markdown_mangled": (
        "<p>The sum $a<em>1 + b</em>2 =<br>c_{3}$ is finite.</p>",
        "The sum $a_1 + b_2 = c_{3}$ is finite.",
    ),
    "page_macros": (
        r'<script>MathJax={tex:{macros:{RR:"{\\mathbb{R}}"}}};</script>' + MATHJAX3 + '<div style="display:none">'
        r"$\newcommand{\norm}[1]{\lVert #1\rVert}$</div><p>For \(x\in\RR\) we have \(\norm{x}\ge 0\).</p>",
        r"For $x\in\mathbb{R}$ we have $\lVert x\rVert\ge 0$.",
    ),
    "katex_inline": (
        (
            '<p>Einstein wrote <span class="katex"><span class="katex-mathml"><math><semantics><mrow><mi>E</mi></mrow>'
            '<annotation encoding="application/x-tex">E=mc^2</annotation></semantics></math></span>'
            '<span class="katex-html" aria-hidden="true"><span class="base">E=mc2</span></span></span> in 1905.</p>'
        ),
        "Einstein wrote $E=mc^2$ in 1905.",
    ),
    "katex_display_and_glyphs_only": (
        (
            '<span class="katex-display"><span class="katex"><span class="katex-mathml"><math><semantics>'
            "<mrow><mi>E</mi></mrow>"
            '<annotation encoding="application/x-tex">E=mc^2</annotation></semantics></math></span></span></span> '
            '<p>and also <span class="katex"><span class="katex-html"><span class="mord"><span class="mord">y</span>'
            '<span class="msupsub"><span class="vlist-t"><span class="vlist-r"><span class="vlist">'
            '<span style="top:-3.06em">'
            '<span class="sizing"><span class="mord mtight">7</span></span></span></span></span></span>'
            "</span></span></span></span>"
            " appears.</p>"
        ),
        "$$E=mc^2$$\n\nand also $y^{7}$ appears.",
    ),
    "mediawiki_hidden_mathml_and_image": (
        (
            '<p>The area <span class="mwe-math-element"><span class="mwe-math-mathml-inline mwe-math-mathml-a11y" '
            f'style="display: none;"><math {MML} alttext="{{\\displaystyle \\pi r^{{2}}}}"><semantics><mrow>'
            f"<mi>π</mi></mrow>"
            '<annotation encoding="application/x-tex">{\\displaystyle \\pi r^{2}}</annotation></semantics>'
            "</math></span>"
            '<img src="https://wikimedia.org/api/rest_v1/media/math/render/svg/abc"'
            ' class="mwe-math-fallback-image-inline" '
            'alt="{\\displaystyle \\pi r^{2}}"></span> grows quickly.</p>'
        ),
        r"The area $\pi r^{2}$ grows quickly.",
    ),
    "mediawiki_image_only": (
        (
            r'<p>We sum <img class="mwe-math-fallback-image-inline tex" alt="{\displaystyle \sum _{k=1}^{n}k}" '
            'src="https://wikimedia.org/api/rest_v1/media/math/render/svg/def"> and also '
            r'<img class="mwe-math-fallback-image-inline" alt="{\displaystyle \prod _{k}a_{k}}"'
            r' src="/media/math/render/svg/g">.</p>'
        ),
        r"We sum $\sum_{k=1}^{n}k$ and also $\prod_{k}a_{k}$.",
    ),
    "bare_mathml_block": (
        (
            '<p>Then</p><math display="block"><mfrac><mrow><mi>a</mi><mo>+</mo><mn>1</mn></mrow><mi>b</mi>'
            "</mfrac><mo>=</mo>"
            "<msqrt><mi>c</mi></msqrt></math><p>holds.</p>"
        ),
        "Then\n\n$$\\frac{a+1}{b}=\\sqrt{c}$$\n\nholds.",
    ),
    "prefixed_mathml": (
        (
            '<p>Thus <mml:math xmlns:mml="http://www.w3.org/1998/Math/MathML" id="m1"><mml:mfrac><mml:mi>p'
            "</mml:mi><mml:mi>q</mml:mi>"
            "</mml:mfrac><mml:mo>&lt;</mml:mo><mml:msub><mml:mi>r</mml:mi><mml:mn>0</mml:mn></mml:msub>"
            "</mml:math> in lowest terms.</p>"
        ),
        r"Thus $\frac{p}{q}<r_{0}$ in lowest terms.",
    ),
    "mathml_matrix_and_limits": (
        (
            f'<p>Put <math {MML}><mi>A</mi><mo>=</mo><mfenced open="(" close=")"><mtable><mtr><mtd><mn>1'
            f"</mn></mtd><mtd><mn>2</mn></mtd>"
            f"</mtr><mtr><mtd><mn>3</mn></mtd><mtd><mn>4</mn></mtd></mtr></mtable></mfenced></math> and "
            f"<math {MML}><munderover>"
            "<mo>&#x2211;</mo><mrow><mi>k</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover><mi>k</mi></math>.</p>"
        ),
        r"Put $A=\begin{pmatrix}1&2\\3&4\end{pmatrix}$ and $\sum_{k=1}^{n}k$.",
    ),
    "annotation_of_another_encoding": (
        (
            f"<p>So <math {MML}><semantics><mrow><msubsup><mi>u</mi><mo>&#x22C6;</mo><mn>3</mn></msubsup></mrow>"
            r'<annotation encoding="application/x-latex">u^{3}_{\star}</annotation></semantics></math> vanishes.</p>'
        ),
        r"So $u^{3}_{\star}$ vanishes.",
    ),
    "mathjax3_chtml_with_assistive_mathml": (
        (
            '<p>Take <mjx-container class="MathJax" jax="CHTML" display="true">'
            '<mjx-math aria-hidden="true"><mjx-msup><mjx-mi>'
            '<mjx-c class="mjx-c1D467"></mjx-c></mjx-mi></mjx-msup></mjx-math><mjx-assistive-mml>'
            '<math display="block"><msup>'
            "<mi>z</mi><mn>5</mn></msup></math></mjx-assistive-mml></mjx-container> here.</p>"
        ),
        "Take $$z^{5}$$ here.",
    ),
    "rendered_mathjax_only": (
        (
            '<p>Take <mjx-container class="MathJax" jax="SVG"><svg width="2ex">'
            '<g data-mml-node="math" data-latex="\\Gamma(s+1)">'
            '<path d="M0 0L1 1"></path></g></svg></mjx-container> and '
            '<span class="MathJax" data-mathml="&lt;math&gt;&lt;msup&gt;'
            '&lt;mi&gt;w&lt;/mi&gt;&lt;mn&gt;9&lt;/mn&gt;&lt;/msup&gt;&lt;/math&gt;"><nobr>w9</nobr></span>.</p>'
        ),
        r"Take $\Gamma(s+1)$ and $w^{9}$.",
    ),
    "forum_containers_and_bbcode": (
        (
            '<p>If <span class="math-container">$f(t)$</span> is smooth then '
            '<span class="math-container">$$f(t)=g_1(t)$$</span> and, '
            "from another forum, [itex]h_2[/itex] too.</p>"
        ),
        "If $f(t)$ is smooth then $$f(t)=g_1(t)$$ and, from another forum, $h_2$ too.",
    ),
    "image_services": (
        (
            '<p>One has <img src="https://s0.wp.com/latex.php?latex=%5Cfrac%7B1%7D%7B2%7D%2Bv&amp;bg=ffffff&amp;s=0" '
            'class="latex"> and <img src="https://latex.codecogs.com/gif.latex?'
            r'\dpi{150}&amp;space;\large&amp;space;x^2&amp;plus;y^2=1" title="circle">.</p>'
        ),
        r"One has $\frac{1}{2}+v$ and $x^2+y^2=1$.",
    ),
    "more_image_services": (
        (
            r'<p>One has <img eeimg="1" src="https://www.zhihu.com/equation?tex=%5Calpha%2B1" alt="\alpha+1">, '
            '<img src="https://render.githubusercontent.com/render/math?math=e%5E%7Bi%5Cpi%7D">, '
            '<img src="https://chart.googleapis.com/chart?cht=tx&amp;chl=m%5E4"> and '
            r'<img src="//latex.artofproblemsolving.com/8/c/a.png" class="latex" alt="$\sqrt{17}$" width="30">.</p>'
        ),
        r"One has $\alpha+1$, $e^{i\pi}$, $m^4$ and $\sqrt{17}$.",
    ),
    "editor_attributes": (
        (
            r'<p>Find <img class="equation_image" title="x" src="/equation_images/x"'
            r' data-equation-content="\binom{n}{2}">, '
            r'<span class="ql-formula" data-value="\theta_{0}">&#65279;<span contenteditable="false"></span>'
            r"</span> and "
            r'<span class="math-tex" data-tex="\lim_{n}b_n"></span>.</p>'
        ),
        r"Find $\binom{n}{2}$, $\theta_{0}$ and $\lim_{n}b_n$.",
    ),
    "asciimath": (
        (
            '<script src="https://cdnjs.cloudflare.com/ajax/libs/mathjax/2.7.5/MathJax.js?config=AM_CHTML"></script>'
            '<p>Recall `sum_(i=1)^n i=(n(n+1))/2` and <script type="math/asciimath">sqrt(a/b)</script>.</p>'
        ),
        r"Recall $\sum_{i=1}^{n} i=\frac{n(n+1)}{2}$ and $\sqrt{\frac{a}{b}}$.",
    ),
    "html_scripts_and_their_traps": (
        (
            "<p>Let 2x<sup>3</sup> &minus; a<sub>n+1</sub> = y² on the 1<sup>st</sup> day"
            '<sup><a href="#fn1">[7]</a></sup>.</p>'
        ),
        "Let $2x^{3} - a_{n+1} = y^{2}$ on the 1st day.",
    ),
    "latexml_equation_and_pipes_in_cells": (
        (
            '<table class="ltx_equation ltx_eqn_table"><tr class="ltx_equation ltx_eqn_row">'
            '<td class="ltx_eqn_cell"></td>'
            r'<td class="ltx_eqn_cell"><math class="ltx_Math" alttext="\nabla\cdot E=\rho" display="block">'
            r"<mrow><mo>∇</mo></mrow></math>"
            '</td><td class="ltx_eqn_cell ltx_eqn_eqno"><span class="ltx_tag ltx_tag_equation">(3)</span>'
            "</td></tr></table>"
            "<table><tr><th>case</th><th>norm</th><th>value</th></tr><tr><td>one</td><td>"
            '<math alttext="|x|" display="inline">'
            '<mi>x</mi></math></td><td>4</td></tr><tr><td>two</td><td><math alttext="|y|"><mi>y</mi></math>'
            "</td><td>5</td></tr></table>"
        ),
        (
            "$$\\nabla\\cdot E=\\rho\\tag{3}$$\n\n| case | norm | value |\n|---|---|---|\n| one | $\\lvert"
            " x\\rvert$ | 4 |\n"
            "| two | $\\lvert y\\rvert$ | 5 |"
        ),
    ),
    "code_block_is_no_formula": (
        (
            '<p>Run:</p><pre><code class="language-python">def f(x):\n    if x > 0:\n        return x**2  #'
            " costs $a_1$ or `b`\n"
            "    return 0\n</code></pre>"
        ),
        "Run:\n\n```python\ndef f(x):\n    if x > 0:\n        return x**2  # costs $a_1$ or `b`\n    return 0\n```",
    ),
}


@pytest.mark.parametrize(("html", "expected"), CASES.values(), ids=CASES.keys())
def test_markup_comes_out_as_tex(html: str, expected: str) -> None:
    assert extract_page(html).text == expected

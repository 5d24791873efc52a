"""Markup of sites, editors and converters: one small fragment of each kind, and what must come out of it."""

from __future__ import annotations

import pytest

from jobs.web.page_text import extract_page

CASES = {
    "mj3_array_add": (
        (
            "<script>window.MathJax = {tex: {inlineMath: {'[+]': [['$','$']]}}};</script><script "
            'src="https://cdn.jsdelivr.net/npm/mathjax@3/es5/tex-mml-chtml.js"></script><p>Let $x'
            "$ be $y+1$ now.</p>"
        ),
        "Let $x$ be $y+1$ now.",
    ),
    "mj2_config_x_mathjax": (
        (
            '<script type="text/x-mathjax-config">MathJax.Hub.Config({tex2jax: {inlineMath: [["$"'
            ',"$"],["\\\\(","\\\\)"]], processEscapes: true}});</script><script src="/MathJax.js?conf'
            'ig=TeX-AMS_HTML"></script><p>Let $n$ be odd, cost \\$5.</p>'
        ),
        "Let $n$ be odd, cost \\$5.",
    ),
    "katex_auto_custom": (
        (
            '<script src="katex.min.js"></script><script>renderMathInElement(document.body,{delim'
            'iters:[{left:"@@",right:"@@",display:false},{left:"@[",right:"@]",display:true}]});<'
            "/script><p>Let @@x_1@@ be @[y^2@].</p>"
        ),
        "Let $x_1$ be $$y^2$$.",
    ),
    "katex_default": (
        (
            '<script defer src="katex/contrib/auto-render.min.js" onload="renderMathInElement(doc'
            'ument.body);"></script><p>Let $$x_1$$ and \\(y\\).</p>'
        ),
        "Let $$x_1$$ and $y$.",
    ),
    "vitepress": (
        (
            '<p>So <mjx-container class="MathJax" jax="SVG" style="direction: ltr;"><svg><g data-'
            'mml-node="math"><g data-mml-node="mi"><path data-c="1D465"></path></g></g></svg><mjx'
            '-assistive-mml unselectable="on" display="inline"><math xmlns="http://www.w3.org/199'
            '8/Math/MathML"><mi>x</mi></math></mjx-assistive-mml></mjx-container> ok</p>'
        ),
        "So $x$ ok",
    ),
    "sphinx": (
        (
            '<p>So <span class="math notranslate nohighlight">\\(a^2\\)</span> is</p><div class="ma'
            'th notranslate nohighlight" id="e1"><span class="eqno">(1)<a class="headerlink" href'
            '="#e1">¶</a></span>\\[b^2\\]</div>'
        ),
        "So $a^2$ is\n\n$$b^2\\tag{1}$$",
    ),
    "arithmatex_div": (
        '<p>a</p><div class="arithmatex">\\[c^2\\]</div><p>b</p>',
        "a\n\n$$c^2$$\n\nb",
    ),
    "gitlab_inline": (
        ('<p>so <code class="code math js-render-math" data-math-style="inline">a^2</code> is</p>'),
        "so $a^2$ is",
    ),
    "gitlab_display": (
        ('<p>so</p><pre class="code math js-render-math" data-math-style="display"><code>a^2+b</code></pre><p>z</p>'),
        "so\n\n$$a^2+b$$\n\nz",
    ),
    "gitlab_comrak": (
        '<p>so <code data-math-style="inline">a^2</code> is</p>',
        "so $a^2$ is",
    ),
    "github": (
        (
            '<p>so <math-renderer class="js-inline-math" style="display: inline-block">$a^2$</mat'
            'h-renderer> is</p><p><math-renderer class="js-display-math" style="display: block">$'
            "$b^2$$</math-renderer></p>"
        ),
        "so $a^2$ is\n\n$$b^2$$",
    ),
    "substack": (
        (
            '<p>a</p><div class="latex-rendered" data-attrs="{&quot;persistentExpression&quot;:&q'
            'uot;\\\\frac{1}{2}&quot;,&quot;id&quot;:&quot;X&quot;}" data-component-name="LatexBloc'
            'kToDOM"></div><p>b</p>'
        ),
        "a\n\n$$\\frac{1}{2}$$\n\nb",
    ),
    "wp_katex_new": (
        '<p>a <span class="katex-eq" data-katex-display="false">x^2</span> b</p>',
        "a $x^2$ b",
    ),
    "wiris_img": (
        (
            '<p>a <img class="Wirisformula" src="x.png" alt="x squared" data-mathml="«math xmlns='
            '¨http://www.w3.org/1998/Math/MathML¨»«msup»«mi»x«/mi»«mn»2«/mn»«/msup»«/math»"> b</p'
            ">"
        ),
        "a $x^{2}$ b",
    ),
    "ckeditor": (
        '<p>a <span class="math-tex">\\(x^2\\)</span> b</p>',
        "a $x^2$ b",
    ),
    "mathquill": (
        (
            '<p>a <span class="mq-math-mode"><span class="mq-selectable">$x^2$</span><span class='
            '"mq-root-block"><var>x</var><span class="mq-supsub"><span class="mq-sup">2</span></s'
            "pan></span></span> b</p>"
        ),
        "a $x^2$ b",
    ),
    "brainly": (
        (
            '<p>a <img src="https://tex.z-dn.net/?f=%5Cfrac%7B1%7D%7B2%7D" title="\\frac{1}{2}" al'
            't="\\frac{1}{2}" class="latex-formula"> b</p>'
        ),
        "a $\\frac{1}{2}$ b",
    ),
    "jianshu": (
        (
            '<p>a <img class="math-inline" src="https://math.jianshu.com/math?formula=x%5E2" alt='
            '"x^2" mathimg="1"> b</p>'
        ),
        "a $x^2$ b",
    ),
    "csdn_img": (
        '<p>a <img alt="x^2" class="mathcode" src="https://latex.csdn.net/eq?x%5E2"> b</p>',
        "a $x^2$ b",
    ),
    "doxygen": (
        (
            '<p>a <img class="formulaInl" alt="$x^2$" src="form_0.png"/> b</p><p class="formulaDs'
            'p"><img class="formulaDsp" alt="\\[ y_1 \\]" src="form_1.png"/></p>'
        ),
        "a $x^2$ b\n\n$$y_1$$",
    ),
    "latex2html": (
        '<p>a <img width="10" alt="$x^2$" src="img1.png"> b</p>',
        "a $x^2$ b",
    ),
    "kdmath": (
        '<p>a <span class="kdmath">$x^2$</span> b</p><div class="kdmath">$$ y $$</div>',
        "a $x^2$ b\n\n$$y$$",
    ),
    "jats_alternatives": (
        (
            '<p>a <inline-formula><alternatives><tex-math id="M1">\\documentclass{minimal} \\begin{'
            "document}$$x^2$$\\end{document}</tex-math><mml:math><mml:msup><mml:mi>x</mml:mi><mml:"
            'mn>2</mml:mn></mml:msup></mml:math><inline-graphic href="f.gif"></inline-graphic></a'
            "lternatives></inline-formula> b</p>"
        ),
        "a $x^2$ b",
    ),
    "pandoc_gladtex": (
        '<p>a <eq env="math">z^2</eq> b</p><p><eq env="displaymath">y</eq></p>',
        "a $z^2$ b\n\n$$y$$",
    ),
    "socratic": (
        "<p>a <mathjax>#x^2/3#</mathjax> b</p>",
        "a $\\frac{x^{2}}{3}$ b",
    ),
    "myopenmath": (
        '<p>a <span class="AM">`x^2/3`</span> b</p>',
        "a $\\frac{x^{2}}{3}$ b",
    ),
    "zhihu_span": (
        (
            '<p>a <span class="ztext-math" data-eeimg="1" data-tex="x^2"><span></span><span class'
            '="MathJax_SVG"><svg></svg></span><script type="math/tex;mode=inline">x^2</script></s'
            "pan> b</p>"
        ),
        "a $x^2$ b",
    ),
    "tiptap": (
        (
            '<p>a <span data-type="inline-math" data-latex="x^2"></span></p><div data-type="block'
            '-math" data-latex="y^2"></div>'
        ),
        "a $x^2$\n\n$$y^2$$",
    ),
    "wangeditor": (
        ('<p>a <span data-w-e-type="formula" data-w-e-is-void data-w-e-is-inline data-value="x^2"></span> b</p>'),
        "a $x^2$ b",
    ),
    "mw_source": (
        ('<p>a <span class="mwe-math-fallback-source-inline tex" dir="ltr">$ x^2 $</span> b</p>'),
        "a $x^2$ b",
    ),
    "mw_block": (
        (
            '<p>a</p><span class="mwe-math-element mwe-math-element-block"><span class="mwe-math-'
            'mathml-display mwe-math-mathml-a11y" style="display:none"><math display="block" altt'
            'ext="{\\displaystyle x}"><mi>x</mi></math></span><img src="s" class="mwe-math-fallbac'
            'k-image-display mw-invert skin-invert" alt="{\\displaystyle x}"></span><p>b</p>'
        ),
        "a\n\n$$x$$\n\nb",
    ),
    "ar5iv_align": (
        (
            '<table id="S1" class="ltx_equationgroup ltx_eqn_align ltx_eqn_table"><tbody id="e1">'
            '<tr class="ltx_equation ltx_eqn_row ltx_align_baseline"><td class="ltx_eqn_cell ltx_'
            'eqn_center_padleft"></td><td class="ltx_td ltx_align_right ltx_eqn_cell"><math altte'
            'xt="\\displaystyle a" display="inline" class="ltx_Math"><mi>a</mi></math></td><td cla'
            'ss="ltx_td ltx_align_left ltx_eqn_cell"><math alttext="\\displaystyle=b" class="ltx_M'
            'ath"><mo>=</mo></math></td><td class="ltx_eqn_cell ltx_eqn_center_padright"></td><td'
            ' rowspan="1" class="ltx_eqn_cell ltx_eqn_eqno ltx_align_middle ltx_align_right"><spa'
            'n class="ltx_tag ltx_tag_equation ltx_align_right">(1)</span></td></tr></tbody><tbod'
            'y><tr class="ltx_equation ltx_eqn_row"><td class="ltx_eqn_cell ltx_eqn_center_padlef'
            't"></td><td class="ltx_td ltx_align_right ltx_eqn_cell"></td><td class="ltx_td ltx_a'
            'lign_left ltx_eqn_cell"><math alttext="\\displaystyle=c" class="ltx_Math"><mo>=</mo><'
            '/math></td><td class="ltx_eqn_cell ltx_eqn_center_padright"></td></tr></tbody></tabl'
            "e>"
        ),
        "$$\\begin{align*}a&=b\\tag{1} \\\\ &=c\\end{align*}$$",
    ),
    "se_raw": (
        "<p>If $f(t)$ is smooth and $$a_1$$ so.</p>",
        "If $f(t)$ is smooth and $$a_1$$ so.",
    ),
    "discourse": (
        '<p>so <span class="math">x^2+1</span> is</p><div class="math">\n\\frac{1}{2}\n</div>',
        "so $x^2+1$ is\n\n$$\\frac{1}{2}$$",
    ),
    "docusaurus_katex": (
        (
            '<p>so <span class="katex"><span class="katex-mathml"><math><semantics><mrow></mrow><'
            'annotation encoding="application/x-tex">I = \\int_0^{2\\pi} \\sin(x)\\,dx</annotation></'
            'semantics></math></span><span class="katex-html" aria-hidden="true">I=</span></span>'
            " x</p>"
        ),
        "so $I = \\int_0^{2\\pi} \\sin(x)\\,dx$ x",
    ),
    "katex_error": (
        ('<p>so <span class="katex-error" title="ParseError" style="color:#cc0000">\\foo{x}</span> x</p>'),
        "so $\\foo{x}$ x",
    ),
    "currency_dollar_cfg": (
        (
            "<script>MathJax={tex:{inlineMath:[['$','$'],['\\\\(','\\\\)']]}}</script><script src=\"ht"
            'tps://cdn.jsdelivr.net/npm/mathjax@3/es5/tex-mml-chtml.js"></script><p>It costs $5 a'
            "nd then $10 more. A pack is $3.50, two are $7.</p>"
        ),
        "It costs \\$5 and then \\$10 more. A pack is \\$3.50, two are \\$7.",
    ),
    "code_of_remark": (
        '<p>so <code class="language-math math-inline">a^2</code> is</p>',
        "so $a^2$ is",
    ),
    "bbcode": (
        "<p>so [latex]x^2[/latex] and [math]y_1[/math] e</p>",
        "so $x^2$ and $y_1$ e",
    ),
    "pandoc_without_renderer": (
        ('<p>So <span class="math inline"><em>x</em><sub>1</sub><sup>2</sup> = sin <em>a</em></span> is.</p>'),
        "So $x_{1}^{2}=\\sin a$ is.",
    ),
    "matrix_in_a_line": (
        '<p>So <span class="math inline">\\begin{pmatrix}1\\\\2\\end{pmatrix}</span> is.</p>',
        "So $\\begin{pmatrix}1\\\\2\\end{pmatrix}$ is.",
    ),
    "alt_with_subscripted_sum": (
        '<p>So <img src="_images/math/1.png" alt="K = l + \\sum_{k=0}^{M} r_k."> is.</p>',
        "So $K = l + \\sum_{k=0}^{M} r_k.$ is.",
    ),
}

NO_FORMULAS = {
    "currency2_dollar_cfg": (
        "<script>MathJax={tex:{inlineMath:[['$','$']]}}</script><script src=\"https://cdn.jsde"
        'livr.net/npm/mathjax@3/es5/tex-mml-chtml.js"></script><p>Between $100 and $200, or U'
        "S$30–US$40 (about $25m).</p>"
    ),
    "shell": "<p>Set $HOME and $PATH to $HOME/bin:$PATH first.</p>",
    "jquery": "<p>Call $(document).ready() and $('#id').hide() now.</p>",
    "php": "<p>In PHP $x = $y + 1; and $_GET['a'] work.</p>",
    "template": "<p>Use {{$x}} and {{ $y }} there.</p>",
    "regex": "<p>The pattern ^\\d+\\(\\w+\\)$ and \\(foo\\|bar\\) match.</p>",
    "regex2": "<p>Use s/\\(a\\)/\\1/ in sed.</p>",
    "winpath": "<p>Open C:\\Users\\name\\[new]\\file and \\\\server\\share.</p>",
    "mdlink": "<p>See [math](http://x.y) and [tex](a).</p>",
    "phone": "<p>Call (555) 123-4567 or +1 555 1234.</p>",
    "ordinal": "<p>On the 21<sup>st</sup> of May, the 2<sup>nd</sup> time.</p>",
    "chem": "<p>Water is H<sub>2</sub>O and CO<sub>2</sub> too.</p>",
    "data_value": (
        "<p>Pick <span class='option' data-value='3'>three</span> and <button data-equation='1'>x</button>.</p>"
    ),
    "svg_icon": '<p>Go <svg viewBox="0 0 24 24"><title>Home</title><path d="M0 0"/></svg> home.</p>',
    "code_dollar": "<p>Run <code>echo $HOME $a_1$</code> now.</p>",
    "latex_tag_text": "<p>The <code>\\(x\\)</code> form.</p>",
    "footnote_br": "<p>As said \\[7\\] before \\[citation needed\\].</p>",
    "AM_class": '<p>At <span class="AM">10:00</span> today.</p>',
    "math_class_word": (
        '<p>He likes <span class="math">Mathematics</span> a lot. <a class="math tex" href="#">Algebra</a></p>'
    ),
    "stock": "<p>Buy $AAPL and $TSLA, sell $GOOG_X at $5.</p>",
    "perl": "<p>$foo{bar} = $baz[0]; and @$x</p>",
    "makefile": "<p>$(CC) $(CFLAGS) -o $@ $^ is used.</p>",
    "shell_brace": "<p>Use ${HOME}/bin or ${x:-y} and $1 or $2.</p>",
}


@pytest.mark.parametrize(("html", "expected"), CASES.values(), ids=CASES.keys())
def test_markup_of_a_site_comes_out_as_tex(html: str, expected: str) -> None:
    assert extract_page(f"<html><body><main>{html}</main></body></html>").text == expected


@pytest.mark.parametrize("html", NO_FORMULAS.values(), ids=NO_FORMULAS.keys())
def test_what_only_looks_like_a_formula_is_none(html: str) -> None:
    page = extract_page(f"<html><body><main>{html}</main></body></html>")
    assert (page.formulas_kept, page.formulas_seen) == (0, 0), page.text

"""Names in markup that can make an element a formula. Only elements that carry one are looked at as formulas."""

from __future__ import annotations

RENDERED = frozenset(
    """MathJax MathJax_Preview MathJax_Display MathJax_CHTML MathJax_SVG MathJax_SVG_Display MathJax_MathML mjx-chtml
    MJXc-display MathJax_PHTML MathJax_PlainSource MathJax_Processed MathJax_Processing mjpage mjpage__block""".split()
)
"""Classes of what MathJax 2 drew."""
DISPLAY_WRAPPERS = frozenset(("katex-display", "katex--display"))
"""Classes of elements that show the formula in them on a line of its own."""
OWN_DELIMITERS = frozenset(
    """math-container filter_mathjaxloader_equation arithmatex math-tex math-inline math-display mathjax-block
    mathjax-inline math-block tex2jax_process math tex kdmath mathjax-tex mathjax_process process-math
    mwe-math-fallback-source-inline mwe-math-fallback-source-display""".split()
)
"""Classes of containers whose text is a formula with its delimiters."""
TEX_TAGS = frozenset(
    """tex-math d-math math-field math-renderer la-tex x-equation katex-inline katex-display tex-inline tex-block x-tex
    latex mathjax tex eq eqn""".split()
)
"""Elements whose text is TeX."""
TAGS = TEX_TAGS | {"math", "img", "svg", "mjx-container", "inline-formula", "disp-formula", "alternatives"}
CLASSES = RENDERED | OWN_DELIMITERS | {
    "katex", "katex-mathml", "katex-html", "katex-error", "mwe-math-element", "ql-formula", "wp-katex-eq", "katex-eq",
    "ltx_eqn_table", "mq-math-mode", "mathquill-rendered-math", "mathquill-embedded-latex", "latex-rendered", "AM",
    "js-render-math", "language-math",
}  # fmt: skip
DATA_NAMES = (
    "data-tex", "data-expr", "data-latex", "data-math", "data-formula", "data-equation-content", "data-equation",
    "data-katex",
)  # fmt: skip
"""Attributes that hold TeX."""
ATTRIBUTES = (*DATA_NAMES, "data-mathml", "data-original-mathml", "data-math-style", "data-w-e-type")

"""What the maths reading knows of TeX, HTML and Unicode: what is layout, what means the same, what is a sign.

Commands that stand in none of these lists are words: `\\sqrt` is sqrt, `\\pi` is pi. Names are lower case and commands
are matched without case, as pages and benchmarks shout at times.
"""

LAYOUT = frozenset(
    """
    left right middle big bigl bigr bigm bigg biggl biggr biggm displaystyle textstyle scriptstyle scriptscriptstyle
    limits nolimits displaylimits quad qquad enspace thinspace medspace thickspace negthinspace hspace vspace hskip
    vskip mskip kern mkern hfill smallskip medskip bigskip noindent par newline linebreak nobreak allowbreak centering
    text textrm textbf textit textsf texttt textnormal textup textmd textsl textsc emph mbox hbox fbox boxed tag
    textcircled nonumber notag mathrm mathbf mathit mathsf mathtt mathcal mathbb mathfrak mathscr mathnormal boldsymbol
    bm pmb rm bf it sf tt cal sl sc em operatorname operatornamewithlimits mathop mathbin mathrel mathord mathopen
    mathclose mathpunct mathinner ensuremath mathstrut strut phantom hphantom vphantom tiny scriptsize footnotesize
    small normalsize large huge ldots cdots dots dotsc dotsb dotsm dotsi dotso vdots ddots circ degree
    """.split()
)
"""Commands that only place or dress their contents; ellipses and degree signs, which pages leave out as they like."""

FRACTIONS = frozenset(["frac", "dfrac", "tfrac", "cfrac"])
"""Dropped like layout; bare digits behind them are arguments of their own: \\frac12 is 1 and 2."""

ENVIRONMENTS = frozenset(["begin", "end"])
"""Dropped with the name in braces behind them."""

SYNONYMS = {
    "varepsilon": "epsilon", "varphi": "phi", "vartheta": "theta", "varrho": "rho", "varsigma": "sigma", "varpi": "pi",
    "rightarrow": "to", "land": "wedge", "lor": "vee", "lnot": "neg", "varnothing": "emptyset",
}  # fmt: skip
"""Command -> the word it is read as. No word is longer than its command."""

SIGNS = {
    "+": 1, "-": 2, "\u2212": 2, "=": 3, "<": 4, "\uff1c": 4, ">": 5, "\uff1e": 5, "\u2264": 6, "\u2a7d": 6,
    "\u2265": 7, "\u2a7e": 7, "\u2260": 8, "\u00b1": 9, "\u00d7": 10, "\u00b7": 10, "\u22c5": 10, "\u00f7": 11,
    "\u2213": 12, "\uff0b": 1, "\uff0d": 2, "\uff1d": 3,
}  # fmt: skip
"""Operators and relations -> a number of 4 bits. They are no words, they stand between words."""

SIGN_COMMANDS = {
    "le": 6, "leq": 6, "leqslant": 6, "ge": 7, "geq": 7, "geqslant": 7, "ne": 8, "neq": 8, "lt": 4, "gt": 5, "pm": 9,
    "mp": 12, "times": 10, "cdot": 10, "div": 11, "ast": 0, "star": 0,
}  # fmt: skip
"""The same as commands; 0 for signs that are dropped: a star may be Markdown as well."""

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ",
    "tau": "τ", "upsilon": "υ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
}  # fmt: skip
"""Word -> letter, small as after case folding. One or two in a row are symbols, three and more are a Greek word."""

SYMBOLS = {
    "√": "sqrt", "∞": "infty", "→": "to", "←": "leftarrow", "⇒": "to", "⇐": "leftarrow",
    "⇔": "leftrightarrow", "↔": "leftrightarrow", "↦": "mapsto", "∈": "in", "∉": "notin", "∪": "cup", "∩": "cap",
    "⊂": "subset", "⊆": "subseteq", "⊃": "supset", "⊇": "supseteq", "∅": "emptyset", "∖": "setminus", "∠": "angle",
    "△": "triangle", "⊥": "perp", "∥": "parallel", "∣": "mid", "≡": "equiv", "≈": "approx", "∼": "sim", "≅": "cong",
    "∝": "propto", "≪": "ll", "≫": "gg", "∑": "sum", "∏": "prod", "∫": "int", "∂": "partial", "∇": "nabla",
    "∀": "forall", "∃": "exists", "∧": "wedge", "∨": "vee", "¬": "neg", "⊕": "oplus", "⊗": "otimes", "⌊": "lfloor",
    "⌋": "rfloor", "⌈": "lceil", "⌉": "rceil", "⟨": "langle", "⟩": "rangle", "′": "prime", "″": "prime prime",
    "ℓ": "ell", "ℏ": "hbar", "†": "dagger",
}  # fmt: skip
"""Unicode symbol -> the words of its TeX command."""

DROPPED_SYMBOLS = "…⋯⋮⋱°∘º∗⁎⋆"
"""Unicode forms of dropped commands."""

TAGS = frozenset(
    """
    a abbr acronym address article aside audio b base big blockquote body br button canvas caption center cite code col
    colgroup dd del details dfn dialog div dl dt em embed fieldset figcaption figure font footer form frame frameset h1
    h2 h3 h4 h5 h6 head header hr html i iframe img input ins kbd label legend li link main map mark math menu meta nav
    noscript object ol optgroup option p param picture pre q rp rt ruby s samp script section select small source span
    strike strong style sub summary sup svg table tbody td template textarea tfoot th thead time title tr tt u ul var
    video wbr
    """.split()
)
"""Names of HTML elements: `<b>` is a tag, `a <b and c> d` is not one unless it looks exactly so."""

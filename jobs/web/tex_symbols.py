"""Unicode characters as TeX: symbols, accents, fences, names of functions, mathematical alphabets."""

from __future__ import annotations

import unicodedata

# Pairs; the characters of a pair's left side all become the command on its right.
_PAIRS = r"""
α alpha β beta γ gamma δ delta ε varepsilon ϵ epsilon ζ zeta η eta θ theta ϑ vartheta ι iota κ kappa λ lambda
μµ mu ν nu ξ xi π pi ϖ varpi ρ rho ϱ varrho σ sigma ς varsigma τ tau υ upsilon φ varphi ϕ phi χ chi ψ psi ω
omega Γ Gamma Δ Delta Θ Theta Λ Lambda Ξ Xi Π Pi Σ Sigma Υ Upsilon Φ Phi Ψ Psi Ω Omega × times ÷ div ± pm ∓ mp
·⋅ cdot ∘ circ •∙ bullet ⋆ star † dagger ‡ ddagger ⊕ oplus ⊖ ominus ⊗ otimes ⊘ oslash ⊙ odot ∧ wedge ∨ vee ∩
cap ∪ cup ⊎ uplus ⊓ sqcap ⊔ sqcup ∖ setminus ≀ wr ⨿ amalg ⋄ diamond ⊲ triangleleft ⊳ triangleright ⋉ ltimes ⋊
rtimes ⊞ boxplus ⊟ boxminus ⊠ boxtimes ⊡ boxdot ⋀ bigwedge ⋁ bigvee ⋂ bigcap ⋃ bigcup ⨁ bigoplus ⨂ bigotimes ⨀
bigodot ⨄ biguplus ⨆ bigsqcup ∑ sum ∏ prod ∐ coprod ∫ int ∬ iint ∭ iiint ∮ oint ≤⩽ leq ≥⩾ geq ≠ neq ≡ equiv ≈
approx ∼ sim ≃ simeq ≅ cong ∝ propto ≪ ll ≫ gg ⋘ lll ⋙ ggg ≺ prec ≻ succ ⪯≼ preceq ⪰≽ succeq ≍ asymp ≐ doteq ≜
triangleq ≔ coloneqq ≕ eqqcolon ≲ lesssim ≳ gtrsim ≮ nless ≯ ngtr ≰ nleq ≱ ngeq ≁ nsim ≢ not\equiv ⊢ vdash ⊣
dashv ⊨ models ⊩ Vdash ⊥⟂ perp ∥ parallel ∣ mid ∤ nmid ∦ nparallel ⋈ bowtie ⌣ smile ⌢ frown ∈ in ∉ notin ∋ ni
⊂ subset ⊃ supset ⊆ subseteq ⊇ supseteq ⊊ subsetneq ⊋ supsetneq ⊄ not\subset ⊈ nsubseteq ⊉ nsupseteq ⊏
sqsubset ⊑ sqsubseteq ∅ emptyset ∞ infty ∂ partial ∇ nabla ∀ forall ∃ exists ∄ nexists ¬ neg ∠ angle ∡
measuredangle ℏ hbar ℓ ell ℘ wp ℜ Re ℑ Im ℵ aleph ℶ beth ı imath ȷ jmath ⊤ top ′ prime ∴ therefore ∵ because
□◻ square ■ blacksquare ◊ lozenge △▵ triangle ▽ triangledown ★ bigstar ♯ sharp ♭ flat ♮ natural ♠ spadesuit ♡
heartsuit ♢ diamondsuit ♣ clubsuit ✓ checkmark ð eth ℧ mho ∁ complement √ surd § S ¶ P £ pounds ° degree …
ldots ⋯ cdots ⋮ vdots ⋱ ddots → rightarrow ← leftarrow ↔ leftrightarrow ⇒ Rightarrow ⇐ Leftarrow ⇔
Leftrightarrow ⟶ longrightarrow ⟵ longleftarrow ⟷ longleftrightarrow ⟹ Longrightarrow ⟸ Longleftarrow ⟺
Longleftrightarrow ↦ mapsto ⟼ longmapsto ↑ uparrow ↓ downarrow ↕ updownarrow ⇑ Uparrow ⇓ Downarrow ↗ nearrow ↘
searrow ↙ swarrow ↖ nwarrow ↪ hookrightarrow ↩ hookleftarrow ↠ twoheadrightarrow ↣ rightarrowtail ⇀
rightharpoonup ⇁ rightharpoondown ↼ leftharpoonup ⇌ rightleftharpoons ⇝ rightsquigarrow ⇄ rightleftarrows ⇉
rightrightarrows ↾ restriction ↶ curvearrowleft ↷ curvearrowright ⟨〈 langle ⟩〉 rangle ⌊ lfloor ⌋ rfloor ⌈
lceil ⌉ rceil ‖ Vert ⌜ ulcorner ⌝ urcorner ⟦ llbracket ⟧ rrbracket
"""
_words = _PAIRS.split()
SYMBOLS: dict[str, str] = {
    character: f"\\{name}"
    for characters, name in zip(_words[::2], _words[1::2], strict=True)
    for character in characters
}
SYMBOLS.update(
    {
        "−": "-",
        "∗": "*",
        "∕": "/",
        "⁄": "/",
        "∶": ":",
        "≝": r"\overset{\mathrm{def}}{=}",
        "{": r"\{",
        "}": r"\}",
        "#": r"\#",
        "%": r"\%",
        "&": r"\&",
        "$": r"\$",
        "_": r"\_",
        "\\": r"\backslash",
        "~": r"\sim",
        "\ue020": r"\not",
        "\u2061": "",
        "\u2062": "",
        "\u2063": "",
        "\u2064": "",
        "\u200b": "",
        "\ufeff": "",
        "\u00a0": " ",
        "″": "''",
        "‴": "'''",
        "’": "'",
    }
)

OVER_ACCENTS = {
    "^": "hat",
    "ˆ": "hat",
    "\u0302": "hat",
    "~": "tilde",
    "˜": "tilde",
    "∼": "tilde",
    "\u0303": "tilde",
    "¯": "bar",
    "‾": "overline",
    "ˉ": "bar",
    "_": "overline",
    "―": "overline",
    "–": "overline",
    "—": "overline",
    "\u0305": "overline",
    "\u0304": "bar",
    "→": "vec",
    "⃗": "vec",
    "⟶": "overrightarrow",
    "←": "overleftarrow",
    "↔": "overleftrightarrow",
    "˙": "dot",
    ".": "dot",
    "\u0307": "dot",
    "¨": "ddot",
    "\u0308": "ddot",
    "⃛": "dddot",
    "ˇ": "check",
    "˘": "breve",
    "´": "acute",
    "`": "grave",
    "˚": "mathring",
    "⏞": "overbrace",
    "︷": "overbrace",
    "⏜": "overparen",
}
UNDER_ACCENTS = {
    "_": "underline",
    "¯": "underline",
    "‾": "underline",
    "―": "underline",
    "\u0332": "underline",
    "⏟": "underbrace",
    "︸": "underbrace",
    "→": "underrightarrow",
    "⏝": "underparen",
}
WIDE = {"hat": "widehat", "tilde": "widetilde", "bar": "overline", "vec": "overrightarrow"}

FUNCTIONS = frozenset(
    """
    arccos arcsin arctan arg cos cosh cot coth csc deg det dim exp gcd hom inf ker lg lim liminf limsup ln log max min
    Pr sec sin sinh sup tan tanh injlim projlim""".split()
)
LIMITED = frozenset(("lim", "max", "min", "sup", "inf", "det", "gcd", "Pr", "limsup", "liminf", "injlim", "projlim"))
BIG_OPERATORS = frozenset("∑∏∐∫∬∭∮⋀⋁⋂⋃⨁⨂⨀⨄⨆")
MATRICES = {
    ("(", ")"): "pmatrix",
    ("[", "]"): "bmatrix",
    ("{", "}"): "Bmatrix",
    ("|", "|"): "vmatrix",
    ("‖", "‖"): "Vmatrix",
}

FONT_VARIANTS = {
    "bold": "mathbf",
    "double-struck": "mathbb",
    "script": "mathcal",
    "bold-script": "mathcal",
    "fraktur": "mathfrak",
    "bold-fraktur": "mathfrak",
    "sans-serif": "mathsf",
    "monospace": "mathtt",
    "bold-italic": "boldsymbol",
    "normal": "mathrm",
}
ENCLOSURES = {
    "box": "boxed",
    "roundedbox": "boxed",
    "top": "overline",
    "bottom": "underline",
    "radical": "sqrt",
    "updiagonalstrike": "cancel",
    "downdiagonalstrike": "bcancel",
}
PRIMES = {"′": "'", "'": "'", "″": "''", "‴": "'''", "’": "'", "′′": "''", "′′′": "'''"}

_ALPHABETS = (
    ("BOLD SCRIPT", "mathcal"),
    ("BOLD FRAKTUR", "mathfrak"),
    ("BOLD ITALIC", "boldsymbol"),
    ("SANS-SERIF", "mathsf"),
    ("DOUBLE-STRUCK", "mathbb"),
    ("BLACK-LETTER", "mathfrak"),
    ("FRAKTUR", "mathfrak"),
    ("SCRIPT", "mathcal"),
    ("MONOSPACE", "mathtt"),
    ("BOLD", "mathbf"),
    ("ITALIC", ""),
)


def tex_of(text: str) -> str:
    """A run of Unicode as TeX, character by character."""
    out = ""
    for character in text:
        out = _join(out, tex_of_character(character))
    return out


def tex_of_character(character: str) -> str:
    """One character as TeX; letters of the mathematical alphabets become a font command."""
    if character.isascii() and character.isalnum():
        return character
    known = SYMBOLS.get(character)
    if known is not None:
        return known
    if ord(character) >= 0x1D400 or "\u2100" <= character <= "\u214f":
        return _styled(character)
    return character


def _styled(character: str) -> str:
    """𝐱 -> \\mathbf{x}. The compatibility form is asked only for this block, where it is the plain letter."""
    name = unicodedata.name(character, "")
    plain = unicodedata.normalize("NFKC", character)
    if len(plain) != 1 or not plain.isalnum():
        return character
    letter = SYMBOLS.get(plain, plain)
    if "SMALL PHI" in name:  # the block's plain phi is the closed one
        letter = r"\varphi" if "SYMBOL" not in name else r"\phi"
    font = next((font for words, font in _ALPHABETS if words in name), "")
    return f"\\{font}{{{letter}}}" if font else letter


def _join(left: str, right: str) -> str:
    if right[:1].isalpha() and left and left[-1].isalpha() and "\\" in left and left.rpartition("\\")[2].isalpha():
        return f"{left} {right}"
    return left + right

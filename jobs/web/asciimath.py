"""AsciiMath to TeX: `sum_(i=1)^n i=(n(n+1))/2` -> `\\sum_{i=1}^{n} i=\\frac{n(n+1)}{2}`.

The grammar is AsciiMath's own: E ::= I E | I/I ; I ::= S_S | S^S | S_S^S | S ; S ::= symbol | (E) | unary S |
binary S S.
"""

from __future__ import annotations

import re

from jobs.web.tex import join_tex, well_formed
from jobs.web.tex_symbols import FUNCTIONS, tex_of

MAX_ASCIIMATH_CHARS = 2000
MAX_NESTING = 40

_GREEK = """
alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi rho sigma tau
upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega
"""
_SAME = """
sum prod int oint cap cup wedge vee times div star circ oplus otimes odot in notin subset supset equiv cong
approx sim prec succ propto neg forall exists bot top angle perp nabla partial infty aleph ldots cdots vdots
ddots quad rightarrow leftarrow leftrightarrow Rightarrow Leftarrow Leftrightarrow uparrow downarrow mapsto
cdot pm mp diamond square therefore because models vdash setminus ast bowtie lfloor rfloor lceil rceil langle
rangle
"""
_SYMBOLS: dict[str, str] = {name: f"\\{name}" for name in (_GREEK + " " + _SAME).split()}
_SYMBOLS.update(
    {
        "!=": r"\ne",
        "<=": r"\le",
        ">=": r"\ge",
        "lt=": r"\leq",
        "gt=": r"\geq",
        "lt": "<",
        "gt": ">",
        "-=": r"\equiv",
        "~=": r"\cong",
        "~~": r"\approx",
        "->": r"\to",
        "to": r"\to",
        "=>": r"\Rightarrow",
        "<=>": r"\Leftrightarrow",
        "iff": r"\Leftrightarrow",
        "<-": r"\leftarrow",
        "<->": r"\leftrightarrow",
        "|->": r"\mapsto",
        "|=>": r"\Rightarrow",
        "+-": r"\pm",
        "-+": r"\mp",
        "xx": r"\times",
        "-:": r"\div",
        "**": r"\ast",
        "***": r"\star",
        "//": "/",
        "\\\\": r"\backslash",
        "@": r"\circ",
        "o+": r"\oplus",
        "ox": r"\otimes",
        "o.": r"\odot",
        "^^": r"\wedge",
        "vv": r"\vee",
        "nn": r"\cap",
        "uu": r"\cup",
        "nnn": r"\bigcap",
        "uuu": r"\bigcup",
        "^^^": r"\bigwedge",
        "vvv": r"\bigvee",
        "!in": r"\notin",
        "sub": r"\subset",
        "sup": r"\supset",
        "sube": r"\subseteq",
        "supe": r"\supseteq",
        "AA": r"\forall",
        "EE": r"\exists",
        "not": r"\neg",
        "and": r"\text{ and }",
        "or": r"\text{ or }",
        "if": r"\text{if}",
        "oo": r"\infty",
        "O/": r"\emptyset",
        "del": r"\partial",
        "grad": r"\nabla",
        "...": r"\ldots",
        ":.": r"\therefore",
        ":'": r"\because",
        "/_": r"\angle",
        "/_\\": r"\triangle",
        "_|_": r"\perp",
        "TT": r"\top",
        "|--": r"\vdash",
        "|==": r"\models",
        "CC": r"\mathbb{C}",
        "NN": r"\mathbb{N}",
        "QQ": r"\mathbb{Q}",
        "RR": r"\mathbb{R}",
        "ZZ": r"\mathbb{Z}",
        "prop": r"\propto",
        "dx": "dx",
        "dy": "dy",
        "dz": "dz",
        "dt": "dt",
        "*": r"\cdot",
        "rarr": r"\rightarrow",
        "larr": r"\leftarrow",
        "harr": r"\leftrightarrow",
        "rArr": r"\Rightarrow",
        "lArr": r"\Leftarrow",
        "hArr": r"\Leftrightarrow",
        "uarr": r"\uparrow",
        "darr": r"\downarrow",
        "-<": r"\prec",
        ">-": r"\succ",
        "'": "'",
        "%": r"\%",
        "#": r"\#",
        "&": r"\&",
        "$": r"\$",
    }
)
_UNARY = {
    "sqrt": "sqrt",
    "hat": "hat",
    "bar": "overline",
    "overline": "overline",
    "vec": "vec",
    "dot": "dot",
    "ddot": "ddot",
    "tilde": "tilde",
    "ul": "underline",
    "underline": "underline",
    "ubrace": "underbrace",
    "obrace": "overbrace",
    "underbrace": "underbrace",
    "overbrace": "overbrace",
    "bb": "mathbf",
    "bbb": "mathbb",
    "cc": "mathcal",
    "tt": "mathtt",
    "fr": "mathfrak",
    "sf": "mathsf",
    "mathbf": "mathbf",
    "mathbb": "mathbb",
    "mathcal": "mathcal",
    "cancel": "cancel",
    "overarc": "overparen",
}
_FENCED_UNARY = {
    "abs": ("\\lvert ", "\\rvert"),
    "norm": ("\\lVert ", "\\rVert"),
    "floor": ("\\lfloor ", "\\rfloor"),
    "ceil": ("\\lceil ", "\\rceil"),
}
_BINARY = frozenset(("frac", "root", "stackrel", "overset", "underset", "color"))
_OPEN = {"(": "(", "[": "[", "{": r"\{", "(:": r"\langle", "<<": r"\langle", "{:": "", "|:": "|"}
_CLOSE = {")": ")", "]": "]", "}": r"\}", ":)": r"\rangle", ">>": r"\rangle", ":}": "", ":|": "|"}
_NAMES = sorted(
    {*_SYMBOLS, *_UNARY, *_FENCED_UNARY, *_BINARY, *_OPEN, *_CLOSE, *FUNCTIONS, "text", "mod"}, key=len, reverse=True
)
_TOKEN = re.compile(
    r"\s+|text\s?\(([^()]*)\)|\"([^\"]*)\"|\d+(?:\.\d+)?|" + "|".join(re.escape(name) for name in _NAMES) + r"|.", re.S
)


def asciimath_to_tex(source: str) -> str:
    """One line of TeX; '' if the source is too long or does not come out well formed."""
    if len(source) > MAX_ASCIIMATH_CHARS:
        return ""
    parser = _Parser(source)
    tex = re.sub(r" {2,}", " ", parser.expression(frozenset())).strip()
    return tex if well_formed(tex) else ""


class _Parser:
    def __init__(self, source: str) -> None:
        self.tokens = list(_TOKEN.finditer(source.strip()))
        self.at = 0
        self.depth = 0

    def _peek(self) -> str:
        self._skip_space()
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    def _skip_space(self) -> None:
        while self.at < len(self.tokens) and self.tokens[self.at][0].isspace():
            self.at += 1

    def expression(self, stop: frozenset[str]) -> str:
        """Everything up to a stop token or the end."""
        out = ""
        while True:
            token = self._peek()
            spaced = self.at > 0 and self.tokens[self.at - 1][0].isspace()
            if not token or token in stop:
                return out
            if token in _CLOSE and stop:
                return out
            piece = self._intermediate()
            if self._peek() == "/":
                self.at += 1
                piece = f"\\frac{{{_unfenced(piece)}}}{{{_unfenced(self._intermediate())}}}"
            if spaced and out.endswith("}") and piece[:1].isalnum():
                out += " "
            out = join_tex(out, piece)

    def _intermediate(self) -> str:
        base = self._simple()
        sub = sup = ""
        if self._peek() == "_":
            self.at += 1
            sub = _unfenced(self._simple())
        if self._peek() == "^":
            self.at += 1
            sup = _unfenced(self._simple())
        return base + (f"_{{{sub}}}" if sub else "") + (f"^{{{sup}}}" if sup else "")

    def _simple(self) -> str:
        token = self._peek()
        if not token:
            return ""
        match = self.tokens[self.at]
        self.at += 1
        if match[1] is not None or match[2] is not None:
            return "\\text{" + re.sub(r"([#%&_{}$\\])", "", match[1] if match[1] is not None else match[2]) + "}"
        if self.depth > MAX_NESTING:
            return ""
        self.depth += 1
        tex = self._compound(token)
        self.depth -= 1
        return tex

    def _compound(self, token: str) -> str:
        if token in _OPEN:
            return self._bracket(token)
        if token in _UNARY:
            return f"\\{_UNARY[token]}{{{_unfenced(self._simple())}}}"
        if token in _FENCED_UNARY:
            left, right = _FENCED_UNARY[token]
            return left + _unfenced(self._simple()) + right
        if token in _BINARY:
            first, second = _unfenced(self._simple()), _unfenced(self._simple())
            if token == "root":
                return f"\\sqrt[{first}]{{{second}}}"
            return (
                second
                if token == "color"
                else f"\\{'overset' if token == 'stackrel' else token}{{{first}}}{{{second}}}"
            )
        if token in FUNCTIONS:
            return f"\\{token}"
        if token == "mod":
            return r"\bmod"
        if token == "|":
            return self._bars()
        return _SYMBOLS.get(token) or _CLOSE.get(token) or tex_of(token)

    def _bars(self) -> str:
        rest = [match[0] for match in self.tokens[self.at :]]
        if "|" not in rest or self.depth > 20:
            return "|"
        inner = self.expression(frozenset(("|",)))
        if self._peek() == "|":
            self.at += 1
            return join_tex("\\lvert", inner) + "\\rvert"
        return "|" + inner

    def _bracket(self, token: str) -> str:
        rows: list[str] = [""]
        commas = False
        while True:
            rows[-1] = join_tex(rows[-1], self.expression(frozenset((",",))))
            following = self._peek()
            if following != ",":
                break
            commas = True
            self.at += 1
            rows.append("")
        closing = self._peek()
        if closing in _CLOSE:
            self.at += 1
        if commas and token in ("[", "(", "{", "{:", "|:") and (matrix := _matrix(token, rows, closing)):
            return matrix
        return join_tex(_OPEN[token], join_tex(",".join(rows), _CLOSE.get(closing, "")))


def _matrix(token: str, rows: list[str], closing: str) -> str:
    """`[[a,b],[c,d]]`: rows of one length, each in its own brackets."""
    cells = []
    for row in rows:
        row = row.strip()
        if len(rows) < 2 or row[:1] + row[-1:] not in ("[]", "()"):
            return ""
        cells.append(_split_top(row[1:-1]))
    if len({len(row) for row in cells}) != 1:
        return ""
    name = {"[": "bmatrix", "(": "pmatrix", "|:": "vmatrix"}.get(token, "cases" if closing == ":}" else "matrix")
    return f"\\begin{{{name}}}" + "\\\\".join("&".join(row) for row in cells) + f"\\end{{{name}}}"


def _split_top(row: str) -> list[str]:
    parts, depth = [""], 0
    for character in row:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _unfenced(tex: str) -> str:
    """Brackets that only grouped an argument disappear."""
    for opening, closing in (("(", ")"), ("[", "]"), ("\\{", "\\}")):
        if tex.startswith(opening) and tex.endswith(closing) and len(tex) > len(opening):
            depth = 0
            body = tex.replace("\\{", "\ue000").replace("\\}", "\ue001")
            for at, character in enumerate(body):
                depth += (character in "([\ue000") - (character in ")]\ue001")
                if depth == 0 and at < len(body) - 1:
                    return tex
            return tex[len(opening) : -len(closing)]
    return tex

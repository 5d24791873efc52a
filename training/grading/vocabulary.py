"""Names that mathematics knows: functions, constants, Greek letters, brackets."""

from training.grading.expressions import INFINITY, PI
from training.grading.tokens import Token

FUNCTIONS = frozenset(
    """sin cos tan cot sec csc arcsin arccos arctan arccot sinh cosh tanh log ln lg exp sqrt cbrt abs floor ceil gcd lcm
    min max""".split()
)
ALIASES = {
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "tg": "tan", "ctg": "cot", "cosec": "csc", "ceiling": "ceil",
    "Abs": "abs", "arctg": "arctan", "log10": "lg",
}  # fmt: skip
ANGLES = frozenset("sin cos tan cot sec csc".split())
GREEK = frozenset(
    """alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi rho sigma tau
    upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Sigma Phi Psi Omega ell hbar""".split()
)
NAMED = {
    "\\pi": PI,
    "\\infty": INFINITY,
    "pi": PI,
    "oo": INFINITY,
    "inf": INFINITY,
    "infinity": INFINITY,
    "Infinity": INFINITY,
}
ACCENTS = frozenset(
    "\\overline \\vec \\hat \\bar \\tilde \\overrightarrow \\widehat \\widetilde \\angle \\triangle \\mathcal"
    " \\mathscr".split()
)
FRACTIONS = frozenset("\\frac \\dfrac \\tfrac \\cfrac \\ifrac".split())
TIMES = frozenset({"*", "\\times", "\\cdot", "\\ast", "\\bullet"})
OVER = frozenset({"/", "\\div"})
CLOSERS = {"(": ")", "[": "]", "{": "}", "\\lfloor": "\\rfloor", "\\lceil": "\\rceil"}
BARS = frozenset({"|", "\\lvert", "\\rvert", "\\vert", "\\|"})
SINGLE_UNITS = frozenset("m g s h L l N J W V".split())
END = Token("end", "")
BEGIN_FACTOR = FRACTIONS | ACCENTS | GREEK | FUNCTIONS | ALIASES.keys() | NAMED.keys()
BEGIN_FACTOR |= set("\\sqrt \\cbrt \\binom \\dbinom \\tbinom \\lfloor \\lceil \\begin".split())
"""Commands, with or without their backslash, that a factor begins with."""

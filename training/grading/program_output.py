"""What a program of a tool-integrated response printed, from Python's spelling into an answer's."""

import re
from dataclasses import dataclass

BLOCK = re.compile(r"```(?:output|text|result|stdout)[ \t]*\n(.*?)\n?```", re.DOTALL)
OPEN = re.compile(r"```(?:output|text|result|stdout)[ \t]*\n")
CODE = re.compile(r"```(?:python|py)\b")


@dataclass(frozen=True)
class Ran:
    """The last output and the text that follows it."""

    output: str
    after: str
    after_is_open: bool
    """A further program or block follows without its output: the response breaks off."""


def split(text: str) -> Ran | None:
    """None where the response has no output block."""
    blocks = list(BLOCK.finditer(text))
    starts = [m.start() for m in OPEN.finditer(text)]
    if not starts:
        return None
    if not blocks or starts[-1] > blocks[-1].start():
        return Ran("", "", True)
    after = text[blocks[-1].end() :]
    return Ran(blocks[-1][1], after, CODE.search(after) is not None)


FAILURES = re.compile(
    r"Traceback|(?:Error|Exception|Warning)\b|\btime(?:d)?[ -]?out\b|^\s*(?:None|nan|NaN|inf|-inf|null"
    r"|undefined|True|False)\s*$|\bkilled\b|<[\w.]+ object|\.\.\.",
    re.IGNORECASE | re.MULTILINE,
)


def printed(output: str) -> str | None:
    """The one line that counts; None for several lines, failures and nothing."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    text = "\n".join(lines)
    if FAILURES.search(text):
        return None
    if len(lines) == 1:
        return lines[0]
    joined = " ".join(lines)
    return joined if joined.startswith(("Matrix(", "[[", "array(")) and joined.count("[") == joined.count("]") else None


NAMED = re.compile(r"\A[A-Za-z_][\w ]*\s*(?:=(?!=)|:)\s*(?=\S)")
WRAPPERS = "float64|int64|float32|mpf|Integer|Float|Fraction|Decimal|FiniteSet|Tuple|frozenset|set|list|tuple"
PYTHON = (
    (re.compile(r"\b(?:np|numpy|math|sympy|sp|cmath)\."), ""),
    (re.compile(rf"\b(?:{WRAPPERS})\((?=[^()]*\))"), "("),
    (re.compile(r"'([-+]?[\d./]+)'"), r"\1"),
    (re.compile(r"\boo\b"), r"\\infty "),
    (re.compile(r"\bI\b"), "i"), (re.compile(r"(?<![A-Za-z\d])(\d+(?:\.\d*)?)j\b"), r"\1i"),
    (re.compile(r"\bE\b"), "e"),
    (re.compile(r"\blog\("), r"\\ln("),
    (re.compile(r"\bUnion\((.*)\)\Z"), r"\1"),
    (re.compile(r"\bEmptySet\b(?:\(\))?"), r"\\emptyset "),
    (re.compile(r"\breals\b|\bReals\b"), r"\\mathbb{R}"),
)  # fmt: skip


def as_answer(text: str) -> str:
    """sympy's and Python's spelling of roots, fractions, sets, intervals and matrices in TeX."""
    text = text.strip()
    bare = NAMED.sub("", text) if not text.startswith(("{", "[", "(")) else text
    label = text[: len(text) - len(bare)].rstrip("=: ")
    if bare != text and len(label) == 1 and label.isalpha():
        bare = text  # 'x = 3' names its letter
    elif "not" in label.lower().split():
        return text
    text = re.sub(r"\b(?:Fraction|Rational|Decimal)\(\s*'?(-?[\d.]+)'?\s*,?\s*(\d*)\s*\)", _fraction, bare)
    text = _matrix(_intervals(text))
    for pattern, replacement in PYTHON:
        text = pattern.sub(replacement, text)
    if re.fullmatch(r"\[\{[^{}]*\}\]", text):
        text = text[1:-1]
    if text.startswith("{") and text.endswith("}"):
        inside = text[1:-1]
        is_mapping = re.match(r"\s*\w+\s*:", inside)  # {x: 3}
        text = inside.replace(":", "=") if is_mapping else "\\{" + inside + "\\}"
    if re.fullmatch(r"\(\s*[^(),]+\s*,\s*\)", text):
        text = text.strip("(), ")
    return text


def _fraction(match: re.Match[str]) -> str:
    return f"({match[1]}/{match[2]})" if match[2] else f"({match[1]})"


def _matrix(text: str) -> str:
    match = re.fullmatch(r"(?:Matrix|array|ImmutableDenseMatrix)?\s*\(?\s*\[\s*(\[.*\])\s*\]\s*\)?", text)
    if match is None:
        return text
    rows = re.findall(r"\[([^\[\]]*)\]", match[1])
    cells = [row.strip() if "," in row else " , ".join(row.split()) for row in rows]
    body = r" \\ ".join(" & ".join(c.strip() for c in row.split(",")) for row in cells)
    return rf"\begin{{pmatrix}} {body} \end{{pmatrix}}"


def _intervals(text: str) -> str:
    """sympy's Interval.open(2, oo), Interval(2, 3), Interval.Ropen(2, 3) in brackets; Union in cups."""

    def bracket(match: re.Match[str]) -> str:
        ends = {"": ("[", "]"), ".open": ("(", ")"), ".Lopen": ("(", "]"), ".Ropen": ("[", ")")}
        low, high = ends[match[1]]
        inside = match[2]
        if "oo" in inside.split(",")[1]:
            high = ")"
        if "oo" in inside.split(",")[0]:
            low = "("
        return f"{low}{inside}{high}"

    replaced = re.sub(r"\bInterval(\.open|\.Lopen|\.Ropen|)\(([^(),]*,[^(),]*)\)", bracket, text)
    if replaced.startswith("Union(") and replaced.endswith(")"):
        replaced = re.sub(r"([\])])\s*,\s*(?=[\[(])", r"\1 \\cup ", replaced[6:-1])
    return replaced

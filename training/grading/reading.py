"""An answer's text into a value: brackets, lists, relations, intervals, matrices, ratios around the expressions."""

import re

import training.grading.regions as regions
from training.grading.expressions import MINUS_ONE, Expression, Product, Symbol
from training.grading.parser import Parser
from training.grading.splitting import CLOSERS, OPENERS, Tokens, closes, depths, split, split_at, without_brackets
from training.grading.tokens import Unreadable, tokens
from training.grading.values import (
    Matrix,
    Name,
    NamedSet,
    Proportion,
    Quantity,
    Region,
    Relation,
    Several,
    Value,
    flat_factors,
)
from training.grading.vocabulary import BARS
from training.grading.words import english_number

MOST_ITEMS = 60
SIGNS = {
    "=": "=", "==": "=", "<": "<", ">": ">", "\\lt": "<", "\\gt": ">", "\\le": "<=", "\\leq": "<=",
    "\\leqslant": "<=", "<=": "<=",
    "\\ge": ">=", "\\geq": ">=", "\\geqslant": ">=", ">=": ">=", "\\ne": "!=", "\\neq": "!=", "!=": "!=", "\\in": "in",
    "\\approx": "~", "\\sim": "~", "\\simeq": "~", "\\equiv": "===", "\\leqq": "<=", "\\geqq": ">=", "\\to": "->",
    "->": "->",
    "\\Rightarrow": "=>", "\\implies": "=>", "=>": "=>", "\\cong": "cong", "\\perp": "perp", "\\parallel": "parallel",
    "\\subset": "subset", "\\subseteq": "subset", "\\mapsto": "->", "\\rightarrow": "->",
}  # fmt: skip
SETS = {"R": "R", "Z": "Z", "N": "N", "Q": "Q", "C": "C"}
MATRICES = {
    "pmatrix": "matrix",
    "bmatrix": "matrix",
    "matrix": "matrix",
    "Bmatrix": "matrix",
    "smallmatrix": "matrix",
    "vmatrix": "determinant",
    "array": "matrix",
}


def read(text: str, letter_units: bool = False) -> Value:
    """The value of a whole text; raises Unreadable where it is none."""
    return Reader(letter_units).answer(tokens(text))


class Reader:
    def __init__(self, letter_units: bool) -> None:
        self.letter_units = letter_units

    def answer(self, found: Tokens) -> Value:
        while found and found[-1].text in (".", ",", ";", ":", "\\cr"):
            found = found[:-1]
        if found and found[0].text == "=":
            found = found[1:]
        parts, joints = split(without_brackets(found))
        if len(parts) > MOST_ITEMS:
            raise Unreadable("too many values")
        if len(parts) == 1:
            items = self._items(parts[0])
            return items[0] if len(items) == 1 else Several(tuple(items), joint="pm")
        values = tuple(v for part in parts for v in self._items(part))
        joint = ";" if set(joints) == {";"} else "or" if "or" in joints else "and" if "and" in joints else ","
        union = regions.combined(values, joint)
        return union or Several(_distributed(values), ordered=joint == ";", joint=joint)

    def _items(self, found: Tokens) -> list[Value]:
        """The item, or the two that a plus-minus sign stands for."""
        signs = [t.text for t in found if t.text in ("\\pm", "\\mp")]
        if not signs:
            return [self._item(found)]
        if len(signs) > 1:
            raise Unreadable("several plus-minus signs")
        both = []
        for chosen, other in (("+", "-"), ("-", "+")):
            sign = {"\\pm": chosen, "\\mp": other}
            both.append(
                self._item([t._replace(text=sign[t.text], kind="symbol") if t.text in sign else t for t in found])
            )
        return both

    def _item(self, found: Tokens) -> Value:
        if not found:
            raise Unreadable("an empty part")
        places = [i for i, depth in depths(found) if depth == 0 and found[i].text in SIGNS]
        if places:
            return self._relation(found, places)
        for union in ("\\cup", "\\bigcup"):
            if any(t.text == union for t in found):
                pieces = split_at(found, union)
                return regions.union([self._region(piece) for piece in pieces], "")
        if any(t.text in ("\\setminus", "\\backslash", "\\smallsetminus") for t in found):
            return self._difference(found)
        return self._single(found)

    def _single(self, found: Tokens) -> Value:
        based = _based(found)
        if based is not None:
            return Quantity(based)
        whole_set = _named_set(found)
        if whole_set is not None:
            return whole_set
        if found[0].text in ("\\emptyset", "\\varnothing") and len(found) == 1:
            return Several((), "{}")
        if any(t.text == "\\begin" for t in found):
            return self._framed_matrix(found)
        colons = [i for i, depth in depths(found) if depth == 0 and found[i].text in (":", "\\colon")]
        if colons:
            return Proportion(tuple(self._expression(part) for part in split_at(found, ":", "\\colon")))
        if found[0].text in OPENERS and closes(found, 0) == len(found) - 1:
            opener = OPENERS[found[0].text]
            inside = found[1:-1]
            if opener == "{}":  # TeX's own braces
                return self.answer(inside)
            closer = CLOSERS[found[-1].text]
            value = self._bracketed(opener + closer, inside)
            if value is not None:
                return value
        return Quantity(self._expression(found))

    def _bracketed(self, brackets: str, inside: Tokens) -> Value | None:
        """A tuple, an interval, a set or a list; None for brackets around one expression."""
        if brackets == "{}":
            bar = next(
                (i for i, depth in depths(inside) if depth == 0 and inside[i].text in ("|", "\\mid", ":", "\\vert")),
                None,
            )
            if bar is not None:
                return self._built(inside[:bar], inside[bar + 1 :])
        parts, joints = split(inside) if inside else ([], [])
        if len(parts) == 1 and brackets == "()":
            return (
                self._item(inside) if any(t.text in ("\\cup", "\\begin") or t.text in SIGNS for t in inside) else None
            )
        if set(joints) - {",", ";"}:
            raise Unreadable("words in brackets")
        items = tuple(v for part in parts for v in self._items(part))
        if len(items) != len(parts) and brackets != "{}":
            raise Unreadable("plus-minus in a tuple")
        if not items and brackets != "{}":
            raise Unreadable("empty brackets")
        return Several(items, brackets)

    def _built(self, subject: Tokens, condition: Tokens) -> Value:
        """{x | x > 2}: the condition is the set."""
        parts, _ = split(condition)
        subject = subject[:1] if len(subject) > 1 and subject[1].text == "\\in" else subject
        kept = (
            [p for p in parts if not (_named_set(p[2:]) == _named_set_of("R") and p[1].text == "\\in")]
            if len(parts) > 1
            else parts
        )
        values = tuple(self._item(part) for part in kept)
        region = values[0] if len(values) == 1 else regions.combined(values, "and")
        if isinstance(region, Region) and len(subject) == 1 and region.letter == subject[0].text:
            return Region("", region.intervals)
        raise Unreadable("a set by its rule")

    def _relation(self, found: Tokens, places: list[int]) -> Value:
        edges = [-1, *places, len(found)]
        signs = tuple(SIGNS[found[i].text] for i in places)
        pieces = [found[a + 1 : b] for a, b in zip(edges, edges[1:], strict=False)]
        if len(pieces) > 6:
            raise Unreadable("a long chain")
        sides = tuple(self._side(piece, ("", *signs)[i]) for i, piece in enumerate(pieces))
        return regions.from_relation(sides, signs) or Relation(sides, signs)

    def _side(self, found: Tokens, sign: str) -> Value:
        """One side of a relation, with the sign before it ('' for the first)."""
        if sign == "in" and len(found) == 1 and found[0].text in SETS:
            return _named_set_of(found[0].text)
        try:
            value = self._item(found)
        except Unreadable:
            if not found or len(found) > 16:
                raise
            return Name(_name(found))
        if not sign and (_is_call(found) or _is_segment(found)) and isinstance(value, Quantity):
            return Name("".join(t.text for t in found), value.expression)
        return value

    def _region(self, found: Tokens) -> Region:
        value = self._item(found)
        region = value if isinstance(value, Region) else regions.from_brackets(value)
        if region is None:
            raise Unreadable("no region")
        return region

    def _difference(self, found: Tokens) -> Value:
        whole, *holes = split_at(found, "\\setminus", "\\backslash", "\\smallsetminus")
        base = self._region(whole)
        points = [self._item(h) for h in holes]
        if len(points) != 1 or not isinstance(points[0], Several) or points[0].brackets != "{}":
            raise Unreadable("a difference of sets")
        return regions.without(base, points[0])

    def _framed_matrix(self, found: Tokens) -> Value:
        """An array gets its meaning from what stands around it: brackets or bars."""
        if found[0].text in ("(", "[") and closes(found, 0) == len(found) - 1 and found[1].text == "\\begin":
            return self._matrix(found[1:-1])
        if found[0].text in BARS and found[-1].text in BARS:
            return Matrix(self._matrix(found[1:-1]).rows, "determinant")
        return self._matrix(found)

    def _matrix(self, found: Tokens) -> Matrix:
        """A matrix with a factor before it or a divisor behind; a column of equations is left to words."""
        start = next(i for i, t in enumerate(found) if t.text == "\\begin")
        end = max((i for i, t in enumerate(found) if t.text == "\\end"), default=0)
        name = found[start + 2].text if start + 2 < len(found) else ""
        if name not in MATRICES or sum(t.text == "\\begin" for t in found) != 1 or len(found) != end + 4 or end < start:
            raise Unreadable("environment")
        body = found[start + 4 : end]
        if name == "array" and body and body[0].text == "{":
            body = body[(closes(body, 0) or 0) + 1 :]
        rows = [tuple(self._expression(cell) for cell in split_at(row, "&")) for row in split_at(body, "\\cr") if row]
        if not rows or len({len(r) for r in rows}) != 1 or len(rows) * len(rows[0]) > MOST_ITEMS:
            raise Unreadable("no matrix")
        before = found[:start]
        if before and before[-1].text in ("\\cdot", "\\times", "*"):
            before = before[:-1]
        if before and not (len(before) == 1 and before[0].text in "+|"):
            factor = MINUS_ONE if len(before) == 1 and before[0].text == "-" else self._expression(before)
            rows = [tuple(Product((factor, cell)) for cell in row) for row in rows]
        return Matrix(tuple(rows), MATRICES[name])

    def _expression(self, found: Tokens) -> Expression:
        if not found:
            raise Unreadable("nothing")
        return Parser(found, self.letter_units).whole()


def _named_set(found: Tokens) -> Value | None:
    texts = [t.text for t in found]
    if len(texts) == 4 and texts[0] in ("\\mathbb", "\\mathbf", "\\Bbb") and texts[2] in SETS:
        return _named_set_of(texts[2])
    if len(texts) == 2 and texts[0] == "\\mathbb" and texts[1] in SETS:
        return _named_set_of(texts[1])
    return _named_set_of("R") if len(found) == 1 and texts == ["R"] and found[0].upright else None


def _named_set_of(name: str) -> Value:
    return regions.everything("") if name == "R" else NamedSet(name)


def _based(found: Tokens) -> Expression | None:
    """FF_{16}, (2104)_5, 506_{\\text{seven}}: digits in a base, which stand for themselves."""
    at = next((i for i, t in enumerate(found) if t.text == "_"), None)
    if at is None or len(found) - at > 4:
        return None
    texts = [t.text for t in found]
    digits, base = "".join(texts[:at]).strip("()").upper(), "".join(texts[at + 1 :]).strip("{}")
    number = int(base) if base.isdigit() else english_number(base)
    if number is None or not 2 <= number <= 36 or not re.fullmatch(r"[0-9A-Z]+(?:\.[0-9A-Z]+)?", digits):
        return None
    if any(int(c, 36) >= number for c in digits if c != ".") or (digits.isalpha() and number != 16):
        return None
    return Symbol(f"#{digits.lstrip('0')}_{number}")


def _is_call(found: Tokens) -> bool:
    """f(2), P(A), g(x, y): one letter and a bracket, which on a left side is a name and no product."""
    if len(found) < 4 or found[0].kind not in ("letter", "word") or found[-1].text != ")":
        return False
    return any(closes(found, k) == len(found) - 1 for k in range(1, 7) if k < len(found) and found[k].text == "(")


def _is_segment(found: Tokens) -> bool:
    """AB, ABC: capitals that name points."""
    return len(found) == 1 and found[0].kind == "word" and found[0].text.isupper()


NO_NAMES = frozenset("not no or wrong incorrect if than".split())
OPERATORS = re.compile(r"[-+*/^<>=!]|\\(?:times|cdot|div|frac|sqrt|pm)")


def _name(found: Tokens) -> str:
    """Words, segments, angles and calls that may stand before '='; operators make no name."""
    outside = "".join(found[i].text for i, depth in depths(found) if depth == 0)
    if OPERATORS.search(outside) or any(t.text.lower() in NO_NAMES for t in found):
        raise Unreadable("no name")
    return "".join(t.text for t in found)


def _distributed(values: tuple[Value, ...]) -> tuple[Value, ...]:
    """'x = 1, 2' names x once for both."""
    first = values[0]
    if (
        isinstance(first, Relation)
        and first.signs == ("=",)
        and all(isinstance(v, Quantity) for v in values[1:])
        and len(flat_factors(first.sides[0].expression) if isinstance(first.sides[0], Quantity) else (1,)) == 1
    ):
        return (first.sides[1], *values[1:])
    return values

"""Unions of intervals of the real line, from brackets and from inequalities, with ends compared exactly."""

from training.grading.equality import same_value
from training.grading.evaluation import FEWEST_BITS, Evaluation
from training.grading.expressions import INFINITY, Expression, Number, Product, Symbol, letters, negated
from training.grading.tokens import Unreadable
from training.grading.values import Interval, Quantity, Region, Several, Value, has_unit

MINUS_INFINITY = negated(INFINITY)


def infinite(node: Expression) -> int:
    """1 for infinity, -1 for minus infinity, 0 for anything else."""
    if node == INFINITY:
        return 1
    if isinstance(node, Product) and node.factors[-1] == INFINITY and len(node.factors) == 2:
        first = node.factors[0]
        return (1 if first.value > 0 else -1) if isinstance(first, Number) and first.value else 0
    return 0


def order(left: Expression, right: Expression) -> int:
    """-1, 0 or 1; raises Unreadable where two ends are too close to tell and not provably equal."""
    if infinite(left) or infinite(right):
        return (infinite(left) > infinite(right)) - (infinite(left) < infinite(right))
    if isinstance(left, Number) and isinstance(right, Number):
        return (left.value > right.value) - (left.value < right.value)
    if same_value(left, right):
        return 0
    evaluation = Evaluation(FEWEST_BITS)
    try:
        one, other = evaluation.at(left, {}), evaluation.at(right, {})
        if not (evaluation.mp.im(one) or evaluation.mp.im(other)):
            gap = evaluation.mp.re(one) - evaluation.mp.re(other)
            if abs(gap) > evaluation.mp.mpf(10) ** -20:
                return 1 if gap > 0 else -1
    except (ZeroDivisionError, ValueError, OverflowError):
        pass
    raise Unreadable("ends of unknown order")


def everything(letter: str) -> Region:
    return Region(letter, (Interval(MINUS_INFINITY, INFINITY, True, True),))


def from_brackets(value: Value) -> Region | None:
    """(a, b], read as an interval; a set of numbers, read as points."""
    if not isinstance(value, Several) or not all(isinstance(v, Quantity) for v in value.items):
        return None
    ends = [v.expression for v in value.items if isinstance(v, Quantity)]
    if any(letters(e) or has_unit(e) for e in ends) or any(e == "oo" for e in ends):
        return None
    if value.brackets == "{}":
        return union([Region("", (Interval(e, e, False, False),)) for e in ends], "") if ends else None
    if len(ends) != 2 or value.brackets not in ("()", "[]", "(]", "[)"):
        return None
    low_open, high_open = value.brackets[0] == "(", value.brackets[1] == ")"
    if order(*ends) >= (0 if low_open or high_open else 1):
        return None
    # Infinity is no member: a square bracket beside it is a slip of form only.
    low_open, high_open = low_open or infinite(ends[0]) != 0, high_open or infinite(ends[1]) != 0
    return Region("", (Interval(ends[0], ends[1], low_open, high_open),))


def union(pieces: list[Region], letter: str) -> Region:
    """Sorted, with touching intervals joined."""
    intervals = [i for piece in pieces for i in piece.intervals]
    if not intervals or len(intervals) > 20:
        raise Unreadable("no union")
    for end in range(len(intervals) - 1, 0, -1):  # bubble sort: order() may raise, keys may not be numbers
        for at in range(end):
            if _starts_later(intervals[at], intervals[at + 1]):
                intervals[at], intervals[at + 1] = intervals[at + 1], intervals[at]
    joined = [intervals[0]]
    for following in intervals[1:]:
        last = joined[-1]
        touch = order(following.low, last.high)
        if touch > 0 or (touch == 0 and following.low_open and last.high_open):
            joined.append(following)
            continue
        reach = order(following.high, last.high)
        high_open = (
            following.high_open
            if reach > 0
            else last.high_open
            if reach < 0
            else following.high_open and last.high_open
        )
        joined[-1] = Interval(last.low, following.high if reach > 0 else last.high, last.low_open, high_open)
    return Region(letter, tuple(joined))


def _starts_later(left: Interval, right: Interval) -> bool:
    compared = order(left.low, right.low)
    return compared > 0 or (compared == 0 and left.low_open and not right.low_open)


def intersection(left: Region, right: Region) -> list[Interval]:
    found = []
    for a in left.intervals:
        for b in right.intervals:
            low, high = order(a.low, b.low), order(a.high, b.high)
            first = a if low > 0 else b
            last = a if high < 0 else b
            low_open = a.low_open or b.low_open if low == 0 else first.low_open
            high_open = a.high_open or b.high_open if high == 0 else last.high_open
            gap = order(first.low, last.high)
            if gap < 0 or (gap == 0 and not low_open and not high_open):
                found.append(Interval(first.low, last.high, low_open, high_open))
    return found


def without(base: Region, points: Several) -> Region:
    """A region less finitely many points."""
    for point in points.items:
        if not isinstance(point, Quantity) or letters(point.expression):
            raise Unreadable("no point")
        holed = Region(
            "",
            (
                Interval(MINUS_INFINITY, point.expression, True, True),
                Interval(point.expression, INFINITY, True, True),
            ),
        )
        base = Region(base.letter, tuple(intersection(base, holed)))
    return base


def from_relation(sides: tuple[Value, ...], signs: tuple[str, ...]) -> Region | None:
    """x > 2, -5 < x <= 3, x != 1 and x in [2, 3) as regions of x; None for any other relation."""
    if signs == ("in",) and len(sides) == 2:
        inside = sides[1] if isinstance(sides[1], Region) else from_brackets(sides[1])
        letter = _unknown(sides[0])
        return Region(letter, inside.intervals) if inside and letter else None
    if not set(signs) <= {"<", ">", "<=", ">=", "!="} or not 2 <= len(sides) <= 3:
        return None
    at = next((i for i, s in enumerate(sides) if _unknown(s)), None)
    ends = [s.expression for i, s in enumerate(sides) if i != at and isinstance(s, Quantity)]
    if at is None or len(ends) != len(sides) - 1 or any(letters(e) or has_unit(e) for e in ends):
        return None
    letter = _unknown(sides[at])
    if len(sides) == 2:
        sign = signs[0] if at == 0 else signs[0].translate(str.maketrans("<>", "><"))
        return _half_line(letter, sign, ends[0])
    if at != 1 or signs[0][0] != signs[1][0] or "!" in signs[0]:
        return None
    left = _half_line(letter, signs[0].translate(str.maketrans("<>", "><")), ends[0])
    both = intersection(left, _half_line(letter, signs[1], ends[1]))
    return Region(letter, tuple(both)) if both else None


def _half_line(letter: str, sign: str, end: Expression) -> Region:
    below = Interval(MINUS_INFINITY, end, True, sign != "<=")
    above = Interval(end, INFINITY, sign != ">=", True)
    if sign == "!=":
        return Region(letter, (below, above))
    return Region(letter, (below if sign[0] == "<" else above,))


def _unknown(side: Value) -> str:
    """The letter that a side consists of, '' for any other side."""
    if isinstance(side, Quantity) and isinstance(side.expression, Symbol) and letters(side.expression):
        return side.expression.name
    return ""


def combined(values: tuple[Value, ...], joint: str) -> Region | None:
    """Inequalities for one letter: 'or' unites, 'and' intersects, a comma does what leaves something."""
    found = [v for v in values if isinstance(v, Region)]
    if len(found) != len(values) or len({r.letter for r in found}) != 1 or not found[0].letter:
        return None
    letter = found[0].letter
    if joint != "or":
        both = list(found[0].intervals)
        for other in found[1:]:
            both = intersection(Region(letter, tuple(both)), other)
        if both:
            return Region(letter, tuple(both))
        if joint == "and":
            return None
    return union(found, letter)


def same(left: Region, right: Region) -> str:
    """The rule by which two regions are the same set, '' where they are not."""
    if len(left.intervals) != len(right.intervals):
        return ""
    for a, b in zip(left.intervals, right.intervals, strict=True):
        if (a.low_open, a.high_open) != (b.low_open, b.high_open):
            return ""
        if order(a.low, b.low) or order(a.high, b.high):
            return ""
    return "region"

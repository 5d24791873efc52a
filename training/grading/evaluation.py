"""Values of expressions at points, in floating point of chosen precision, and the identity of two expressions.

Two expressions that agree at random points to more digits than any of their parts can hide are taken for identical. The
precision follows the parts: a part of size 2^-1000 asks for 2,000 bits and more, so 1 + e^{-1000} is not 1. Where that
needs more than MOST_BITS the question stays open, and an open question is a refusal.
"""

import random
import threading
import zlib
from collections.abc import Mapping
from fractions import Fraction

import mpmath

if not mpmath.__version__.startswith("1.3."):
    raise ImportError(f"grading was checked with mpmath 1.3, found {mpmath.__version__}: install mpmath==1.3.0")

from training.grading.effort import effort
from training.grading.expressions import (
    Call,
    Expression,
    Number,
    Power,
    Product,
    Sum,
    Symbol,
    children,
    letters,
    symbols,
)
from training.grading.tokens import Unreadable

FEWEST_BITS, MOST_BITS = 100, 6_000
SPARE = 400
"""Bits of agreement asked for beyond the sizes of all parts: a chance of 2^-400."""
POINTS = 8
ENOUGH = 3
"""Points at which both sides are defined and real."""

_local = threading.local()


class Evaluation:
    """One evaluation at one precision; `span` is the largest |log2| of any part that is not zero."""

    def __init__(self, bits: int) -> None:
        # mpmath keeps its precision in a context: each thread has its own.
        if not hasattr(_local, "context"):
            _local.context = mpmath.MPContext()
        self.mp = _local.context
        self.mp.prec = bits
        self.bits, self.span = bits, 0.0

    def at(self, node: Expression, values: Mapping[str, Fraction]) -> mpmath.mpc:
        effort.spend(4 + self.bits // 50)
        value = self._value(node, values)
        if value:
            magnitude = abs(int(self.mp.mag(value)))
            if magnitude > MOST_BITS:
                raise Unreadable("value out of bounds")
            self.span = max(self.span, magnitude)
        return value

    def _value(self, node: Expression, values: Mapping[str, Fraction]) -> mpmath.mpc:
        match node:
            case Number(value):
                return self.mp.mpf(value.numerator) / value.denominator
            case Symbol(name):
                return self._symbol(name, values)
            case Sum(terms):
                return self.mp.fsum([self.at(t, values) for t in terms])
            case Product(factors):
                return self.mp.fprod([self.at(f, values) for f in factors])
            case Power(base, exponent):
                return self._power(self.at(base, values), exponent, self.at(exponent, values))
            case Call(function, arguments):
                return self._call(function, [self.at(a, values) for a in arguments])
        raise Unreadable("no expression")

    def _symbol(self, name: str, values: Mapping[str, Fraction]) -> mpmath.mpc:
        if name == "pi":
            return +self.mp.pi
        if name == "e":
            return self.mp.e + 0
        if name == "i":
            return self.mp.mpc(0, 1)
        if name in values:
            return self.mp.mpf(values[name].numerator) / values[name].denominator
        raise Unreadable(f"symbol {name}")

    def _power(self, base: mpmath.mpc, exponent: Expression, power: mpmath.mpc) -> mpmath.mpc:
        if base and abs(power) * (abs(int(self.mp.mag(base))) + 1) > MOST_BITS:
            raise Unreadable("power out of bounds")
        if isinstance(exponent, Number) and exponent.value.denominator == 1:
            return base ** int(exponent.value)
        root = exponent.value if isinstance(exponent, Number) else None
        if root is not None and root.denominator % 2 and not isinstance(base, self.mp.mpc) and base < 0:
            value = (-base) ** power  # the real root, as schools take it
            return -value if root.numerator % 2 else value
        return base**power

    def _call(self, function: str, arguments: list[mpmath.mpc]) -> mpmath.mpc:
        mp, first = self.mp, arguments[0]
        if function in ("floor", "ceil", "min", "max", "gcd", "lcm", "matrix", "row"):
            raise Unreadable(f"{function} of unknowns")
        if function in ("factorial", "binomial"):
            if any(abs(a) > 10**5 for a in arguments):
                raise Unreadable("factorial out of bounds")
            return mp.factorial(first) if function == "factorial" else mp.binomial(*arguments)
        if function == "abs":
            return abs(first)
        if function == "arccot":
            return mp.pi / 2 - mp.atan(first)
        name = {"arcsin": "asin", "arccos": "acos", "arctan": "atan"}.get(function, function)
        return getattr(mp, name)(first)


def approximate(node: Expression) -> complex | None:
    """Ten digits or so, with unknowns at one fixed point each, for telling values apart cheaply.

    None where that says nothing: undefined, imaginary or lost to rounding.
    """
    if node not in effort.forms:
        effort.forms[node] = _approximated(node)
    value = effort.forms[node]
    return value if isinstance(value, complex) else None


def _approximated(node: Expression) -> complex | None:
    unknowns = letters(node)
    if "oo" in symbols(node):
        return None
    evaluation = Evaluation(FEWEST_BITS)
    try:
        value = evaluation.at(node, {n: Fraction(zlib.crc32(n.encode()) % 1800 + 200, 1009) for n in unknowns})
        if (unknowns and evaluation.mp.im(value)) or evaluation.span > 900:
            return None
        # Where parts are larger than the value by 2^40 the difference is all rounding.
        if not value or evaluation.span > 40 + abs(int(evaluation.mp.mag(value))):
            return None
        return complex(value)
    except (ArithmeticError, ValueError, mpmath.libmp.NoConvergence, RecursionError):
        return None


def identical(left: Expression, right: Expression) -> bool | None:
    """Whether two expressions have the same value wherever both are real; None where this cannot be decided."""
    unknowns = sorted(letters(left) | letters(right))
    if len(unknowns) > 8:
        return None
    complex_valued = "i" in symbols(left) | symbols(right) or not unknowns
    points = _points(unknowns, _alternates(left) or _alternates(right)) if unknowns else [{}]
    needed = FEWEST_BITS
    for bits in (FEWEST_BITS, None):
        usable, spans = 0, []
        for point in points:
            evaluation = Evaluation(bits or needed)
            same = _same_at(evaluation, left, right, point, complex_valued)
            if same is False:
                return False
            usable += same is True
            spans.append(evaluation.span)
        if usable < min(ENOUGH, len(points)):
            return None
        needed = int(4 * max(spans)) + SPARE
        if needed > MOST_BITS:
            return None
    return True


def _same_at(
    evaluation: Evaluation, left: Expression, right: Expression, point: Mapping[str, Fraction], complex_valued: bool
) -> bool | None:
    """Agreement at a point; None where the point says nothing: undefined or imaginary on both sides."""
    found = []
    for side in (left, right):
        try:
            value = evaluation.at(side, point)
        except (ZeroDivisionError, ValueError, OverflowError, mpmath.libmp.NoConvergence) as error:
            if isinstance(error, Unreadable):
                raise
            value = None
        if value is not None and not evaluation.mp.isfinite(value):
            value = None
        found.append(value)
    if found[0] is None or found[1] is None:
        return None
    tolerance = evaluation.mp.ldexp(1, int(max(0, evaluation.span)) - evaluation.bits + 30)
    if not complex_valued:
        real = [abs(evaluation.mp.im(v)) <= tolerance for v in found]
        if not all(real):
            return None if not any(real) else False
    return abs(found[0] - found[1]) <= tolerance


def _alternates(node: Expression) -> bool:
    """Whether a negative number is raised to an unknown power, which then stands for whole numbers: (-1)^n."""
    if isinstance(node, Power) and letters(node.exponent) and not letters(node.base):
        value = approximate(node.base)
        return value is not None and value.real < 0
    return any(map(_alternates, children(node)))


def _points(unknowns: list[str], whole: bool) -> list[dict[str, Fraction]]:
    """Fixed pseudo-random rationals, small and large, of both signs; whole numbers where only these make sense."""
    source = random.Random(271828)
    if whole:
        return [{n: Fraction(source.randrange(3, 40)) for n in unknowns} for _ in range(POINTS)]
    points = []
    for number in range(POINTS):
        low, high = ((100, 900), (1100, 2900), (3100, 9000))[number % 3]
        signs = (1, 1, 1) if number < 3 else (1, -1) if number < 6 else (-1,)
        point = {n: Fraction(source.choice(signs) * source.randrange(low, high), 1009) for n in unknowns}
        if "base of log" in point:
            point["base of log"] = Fraction(2357, 1009)
        points.append(point)
    return points

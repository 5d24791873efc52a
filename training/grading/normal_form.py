"""A canonical exact form: quotients of polynomials over the rationals in symbols and in roots of primes.

Powers of distinct primes with exponents in [0, 1) are linearly independent over the rationals (Besicovitch 1940), so
two complete forms are equal exactly when the difference of their cross products is the empty polynomial. What has no
such form (functions, nested roots) becomes an opaque atom, and `complete` is False: then equal forms still prove
equality, different ones prove nothing.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

from training.grading.effort import effort
from training.grading.expressions import Call, Expression, Number, Power, Product, Sum, Symbol
from training.grading.tokens import Unreadable

MOST_TERMS = 400
MOST_BITS = 40_000
"""Of a coefficient: 2004! has 19,000."""
MOST_POWER = 40
"""Of a sum of several terms."""
LARGEST_FACTORIAL = 4_000
TRIAL = 2_000
"""Trial division finds primes up to here: numbers below its square are factored."""


class Undefined(Unreadable):
    """Division by zero: the expression has no value, so it equals none."""


Atom = int | str | tuple[object, ...]
"""A prime, the name of a symbol, or an opaque subexpression."""
Exponent = Fraction | int
Monomial = frozenset[tuple[Atom, Exponent]]
Polynomial = dict[Monomial, Fraction]
UNIT: Monomial = frozenset()


@dataclass(frozen=True, slots=True)
class Ratio:
    top: Polynomial
    bottom: Polynomial
    complete: bool = True

    @property
    def constant(self) -> Fraction | None:
        """The rational value, where it is one."""
        if not self.top:
            return Fraction(0)
        if len(self.top) == len(self.bottom) == 1 and UNIT in self.top and UNIT in self.bottom:
            return self.top[UNIT] / self.bottom[UNIT]
        return None


ONE: Polynomial = {UNIT: Fraction(1)}


def rational(value: Fraction) -> Ratio:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MOST_BITS:
        raise Unreadable("number out of bounds")
    return Ratio({UNIT: value} if value else {}, ONE)


def equal(left: Ratio, right: Ratio) -> bool:
    return times(left.top, right.bottom) == times(right.top, left.bottom)


def times(left: Polynomial, right: Polynomial) -> Polynomial:
    if left is ONE or right is ONE:
        return right if left is ONE else left
    if len(left) * len(right) > 20 * MOST_TERMS:
        raise Unreadable("too many terms")
    effort.spend(10 * len(left) * len(right))
    result: Polynomial = {}
    for m, a in left.items():
        for n, b in right.items():
            monomial, factor = _joined(m, n)
            value = result.get(monomial, 0) + a * b * factor
            if value:
                result[monomial] = Fraction(value)
            else:
                result.pop(monomial, None)
    if len(result) > MOST_TERMS or any(c.numerator.bit_length() > MOST_BITS for c in result.values()):
        raise Unreadable("too many terms")
    return result


def _joined(left: Monomial, right: Monomial) -> tuple[Monomial, Fraction | int]:
    """The product of two monomials and the rational factor that comes out: roots of primes to whole powers, i * i."""
    if not left or not right:
        return left or right, 1
    exponents = dict(left)
    for atom, exponent in right:
        exponents[atom] = exponents.get(atom, 0) + exponent
    return _reduced(exponents)


def _reduced(exponents: dict[Atom, Fraction | int]) -> tuple[Monomial, Fraction | int]:
    factor: Fraction | int = 1
    kept: list[tuple[Atom, Fraction | int]] = []
    for atom, exponent in exponents.items():
        if isinstance(atom, int):
            whole = math.floor(exponent)
            if abs(whole) * atom.bit_length() > MOST_BITS:
                raise Unreadable("number out of bounds")
            factor, exponent = factor * Fraction(atom) ** whole, exponent - whole
        elif atom == "i" and exponent == int(exponent):
            factor, exponent = (factor, int(exponent) % 4)
            if exponent > 1:
                factor, exponent = -factor, exponent - 2
        if exponent:
            kept.append((atom, int(exponent) if exponent == int(exponent) else exponent))
    return frozenset(kept), factor


def plus(left: Polynomial, right: Polynomial) -> Polynomial:
    result = dict(left)
    for monomial, coefficient in right.items():
        value = result.get(monomial, 0) + coefficient
        if value:
            result[monomial] = Fraction(value)
        else:
            result.pop(monomial, None)
    if len(result) > MOST_TERMS:
        raise Unreadable("too many terms")
    return result


def added(left: Ratio, right: Ratio) -> Ratio:
    complete = left.complete and right.complete
    if left.bottom == right.bottom:
        return Ratio(plus(left.top, right.top), left.bottom, complete)
    top = plus(times(left.top, right.bottom), times(right.top, left.bottom))
    return Ratio(top, times(left.bottom, right.bottom), complete)


def negative(value: Ratio) -> Ratio:
    return Ratio({m: -c for m, c in value.top.items()}, value.bottom, value.complete)


def multiplied(left: Ratio, right: Ratio) -> Ratio:
    return Ratio(
        times(left.top, right.top), times(left.bottom, right.bottom), left.complete and right.complete
    )  # fmt: skip


def inverse(value: Ratio) -> Ratio:
    if not value.top:
        raise Undefined("division by zero")
    if len(value.top) == 1:  # a monomial moves up, so that 1/sqrt(2) and sqrt(2)/2 are the same at once
        ((monomial, coefficient),) = value.top.items()
        turned, factor = _reduced({a: -e for a, e in monomial})
        return Ratio(times(value.bottom, {turned: factor / coefficient}), ONE, value.complete)
    return Ratio(value.bottom, value.top, value.complete)


def normal(node: Expression) -> Ratio:
    """The canonical form of an expression; raises Unreadable where it would be too large or divides by zero."""
    match node:
        case Number(value):
            return rational(value)
        case Symbol(name):
            if name == "oo":
                raise Unreadable("infinity is no number")
            return Ratio({frozenset({(name, 1)}): Fraction(1)}, ONE)
        case Sum(terms):
            total = normal(terms[0])
            for term in terms[1:]:
                total = added(total, normal(term))
            return total
        case Product(factors):
            product = normal(factors[0])
            for factor in factors[1:]:
                product = multiplied(product, normal(factor))
            return product
        case Power(base, exponent):
            return _power(normal(base), normal(exponent))
        case Call(function, arguments):
            return _call(function, [normal(a) for a in arguments])
    raise Unreadable("no expression")


def _power(base: Ratio, exponent: Ratio) -> Ratio:
    power = exponent.constant
    if power is None:
        return _opaque("power", base, exponent)
    if power.denominator == 1:
        return _whole_power(base, int(power))
    if not base.top:
        if power < 0:
            raise Undefined("division by zero")
        return base
    if len(base.top) == 1 and len(base.bottom) == 1 and base.complete:
        root = _monomial_root(multiplied(base, inverse(Ratio(base.bottom, ONE))) if base.bottom is ONE else base, power)
        if root is not None:
            return root
    return _opaque("power", base, exponent)


def _whole_power(base: Ratio, power: int) -> Ratio:
    if power < 0:
        return inverse(_whole_power(base, -power))
    if power == 0:
        if not base.top:
            raise Undefined("zero to the power of zero")
        return Ratio(ONE, ONE, base.complete)
    return Ratio(_polynomial_power(base.top, power), _polynomial_power(base.bottom, power), base.complete)


def _polynomial_power(base: Polynomial, power: int) -> Polynomial:
    if base is ONE or power == 1:
        return base
    if len(base) == 1:
        ((monomial, coefficient),) = base.items()
        bits = max(coefficient.numerator.bit_length(), coefficient.denominator.bit_length())
        if bits > 1 and bits * power > MOST_BITS:
            raise Unreadable("number out of bounds")
        raised, factor = _reduced({a: e * power for a, e in monomial})
        return {raised: Fraction(coefficient**power if bits > 1 else coefficient ** (power % 2 or 2)) * factor}
    if power > MOST_POWER:
        raise Unreadable("power out of bounds")
    result = base
    for _ in range(power - 1):
        result = times(result, base)
    return result


def _monomial_root(base: Ratio, power: Fraction) -> Ratio | None:
    """A rational power of coefficient * monomial; None where letters would lose their sign, as in sqrt(x^2)."""
    ((monomial, coefficient),) = base.top.items()
    ((below, divisor),) = base.bottom.items()
    coefficient /= divisor
    if below or any(not isinstance(a, int) and (isinstance(a, tuple) or e != 1) for a, e in monomial):
        return None
    if sum(not isinstance(a, int) for a, _ in monomial) > 1 or any(a in ("i", "oo") for a, _ in monomial):
        return None  # sqrt(xy) is not sqrt(x) sqrt(y) for two negative numbers
    exponents: dict[Atom, Fraction | int] = {a: e * power for a, e in monomial}
    sign = 1
    if coefficient < 0:
        if power.denominator == 2 and not monomial:
            exponents["i"] = power.numerator
        elif power.denominator % 2 and all(isinstance(a, int) for a, _ in monomial):
            sign = -1 if power.numerator % 2 else 1
        else:
            return None
    for number, direction in ((abs(coefficient.numerator), 1), (coefficient.denominator, -1)):
        factors = factored(number)
        if factors is None:
            return None
        for prime, count in factors.items():
            exponents[prime] = exponents.get(prime, 0) + direction * count * power
    reduced, factor = _reduced(exponents)
    return Ratio({reduced: Fraction(sign * factor)}, ONE)


def factored(number: int) -> dict[int, int] | None:
    """Prime factors; None where trial division is not enough."""
    factors: dict[int, int] = {}
    prime = 2
    while prime * prime <= number and prime <= TRIAL:
        while number % prime == 0:
            number //= prime
            factors[prime] = factors.get(prime, 0) + 1
        prime += 1 if prime == 2 else 2
    if number == 1:
        return factors
    if number < TRIAL * TRIAL:
        return factors | {number: 1}
    root = math.isqrt(number)
    if root * root == number and root < TRIAL * TRIAL:
        return factors | {root: 2}
    return None


def prime_powers(node: Expression) -> dict[int, int] | None:
    """Exponents of primes in a product of powers too large to be multiplied out: 2^{100000} is 4^{50000}."""
    match node:
        case Number(value) if value > 0:
            top, bottom = factored(value.numerator), factored(value.denominator)
            if top is None or bottom is None:
                return None
            return {p: top.get(p, 0) - bottom.get(p, 0) for p in top.keys() | bottom.keys()}
        case Power(base, Number(exponent)) if exponent.denominator == 1:
            inside = prime_powers(base)
            return None if inside is None else {p: n * int(exponent) for p, n in inside.items()}
        case Product(factors):
            total: dict[int, int] = {}
            for factor in factors:
                inside = prime_powers(factor)
                if inside is None:
                    return None
                total = {p: total.get(p, 0) + inside.get(p, 0) for p in total.keys() | inside.keys()}
            return {p: n for p, n in total.items() if n}
    return None


def _call(function: str, arguments: list[Ratio]) -> Ratio:
    values = [a.constant for a in arguments]
    known = [v for v in values if v is not None]
    if len(known) < len(values):
        return _opaque(function, *arguments)
    whole = [int(v) for v in known if v.denominator == 1]
    first = known[0]
    match function:
        case "abs":
            return rational(abs(first))
        case "floor" | "ceil":
            return rational(Fraction(math.floor(first) if function == "floor" else math.ceil(first)))
        case "min" | "max":
            return rational(min(known) if function == "min" else max(known))
        case "gcd" | "lcm" if len(whole) == len(known):
            return rational(Fraction(math.gcd(*whole) if function == "gcd" else math.lcm(*whole)))
        case "factorial" if whole and 0 <= whole[0] <= LARGEST_FACTORIAL:
            return rational(Fraction(math.factorial(whole[0])))
        case "binomial" if len(whole) == 2 and 0 <= whole[0] <= LARGEST_FACTORIAL and whole[1] >= 0:
            return rational(Fraction(math.comb(*whole)))
        case "ln":
            return _logarithm(first)
    return _opaque(function, *arguments)


def _logarithm(value: Fraction) -> Ratio:
    """Logarithms of primes are independent over the rationals: log 12 = 2 log 2 + log 3."""
    top, bottom = (factored(value.numerator), factored(value.denominator)) if value > 0 else (None, None)
    if top is None or bottom is None:
        return _opaque("ln", rational(value))
    terms = [(p, n) for p, n in top.items()] + [(p, -n) for p, n in bottom.items()]
    return Ratio({frozenset({(("ln", p), 1)}): Fraction(n) for p, n in terms}, ONE)


def _opaque(function: str, *arguments: Ratio) -> Ratio:
    key = (function, *((frozenset(a.top.items()), frozenset(a.bottom.items())) for a in arguments))
    return Ratio({frozenset({(key, 1)}): Fraction(1)}, ONE, complete=False)

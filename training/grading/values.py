"""What an answer can be: a quantity, several values, a region of the real line, a relation, a matrix, a ratio."""

from dataclasses import dataclass
from fractions import Fraction

from training.grading.expressions import Expression, Number, Power, Product, Sum, Symbol


@dataclass(frozen=True)
class Quantity:
    """One value, its units as factors."""

    expression: Expression


@dataclass(frozen=True)
class Several:
    """Values in brackets ('()', '[]', '(]', '[)', '{}', '<>') or beside each other ('')."""

    items: tuple["Value", ...]
    brackets: str = ""
    ordered: bool = False
    """Several blanks, 'a; b'."""
    joint: str = ","
    """What stands between them: ',', ';', 'and' or 'or'."""


@dataclass(frozen=True)
class Interval:
    low: Expression
    high: Expression
    low_open: bool
    high_open: bool


@dataclass(frozen=True)
class Region:
    """A union of disjoint intervals of real numbers, from left to right."""

    letter: str
    """The unknown that is said to lie in it, '' where none is named."""
    intervals: tuple[Interval, ...]


@dataclass(frozen=True)
class Relation:
    """sides[0] signs[0] sides[1] ...: equations, inequalities, membership."""

    sides: tuple["Value", ...]
    signs: tuple[str, ...]


@dataclass(frozen=True)
class Matrix:
    rows: tuple[tuple[Expression, ...], ...]
    kind: str
    """matrix or determinant."""


@dataclass(frozen=True)
class Proportion:
    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class NamedSet:
    """Z, N, Q, C: a set of numbers that has a letter."""

    name: str


@dataclass(frozen=True)
class Name:
    """What a value is called where that is no expression: 'area', AB, f(2), S_{10}."""

    text: str
    expression: Expression | None = None
    """The same read as a product, f times x: in a curve moved about nothing tells the two apart."""


Value = Quantity | Several | Region | Relation | Matrix | Proportion | NamedSet | Name


def without_units(node: Expression) -> tuple[Expression, Expression | None]:
    """The value and the product of the units that it is measured in; None where no unit is named."""
    factors = flat_factors(node)
    named = tuple(f for f in factors if _is_unit(f))
    if not named:
        return node, None
    rest = tuple(f for f in factors if not _is_unit(f))
    value = rest[0] if len(rest) == 1 else Product(rest) if rest else Number(Fraction(1))
    return value, named[0] if len(named) == 1 else Product(named)


def flat_factors(node: Expression) -> tuple[Expression, ...]:
    if isinstance(node, Product):
        return tuple(f for factor in node.factors for f in flat_factors(factor))
    if isinstance(node, Power) and node.exponent == Number(Fraction(-1)) and isinstance(node.base, Product):
        return tuple(Power(f, node.exponent) for f in flat_factors(node.base))
    return (node,)


def _is_unit(node: Expression) -> bool:
    match node:
        case Symbol():
            return node.is_unit
        case Power(base, _):
            return _is_unit(base)
    return False


def has_unit(node: Expression) -> bool:
    match node:
        case Symbol():
            return node.is_unit
        case Power(base, exponent):
            return has_unit(base) or has_unit(exponent)
        case Product(parts) | Sum(parts):
            return any(map(has_unit, parts))
    return False

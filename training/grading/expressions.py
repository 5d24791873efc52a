"""The tree of an expression: exact numbers, symbols, sums, products, powers and calls of known functions."""

from dataclasses import dataclass
from fractions import Fraction


class Expression:
    """A node; frozen, compared by structure."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Number(Expression):
    value: Fraction


@dataclass(frozen=True, slots=True)
class Symbol(Expression):
    name: str
    """A letter with its subscript; 'pi', 'e', 'i' and 'oo' are constants; ':cm' and '°' are units."""

    @property
    def is_unit(self) -> bool:
        return self.name[0] in ":°′"


@dataclass(frozen=True, slots=True)
class Sum(Expression):
    terms: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Product(Expression):
    factors: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Power(Expression):
    base: Expression
    exponent: Expression


@dataclass(frozen=True, slots=True)
class Call(Expression):
    function: str
    arguments: tuple[Expression, ...]


ONE, MINUS_ONE, HALF = Number(Fraction(1)), Number(Fraction(-1)), Number(Fraction(1, 2))
PI, E, IMAGINARY, INFINITY = Symbol("pi"), Symbol("e"), Symbol("i"), Symbol("oo")
CONSTANTS = frozenset({"pi", "e", "i", "oo"})


def integer(value: int) -> Number:
    return Number(Fraction(value))


def negated(value: Expression) -> Expression:
    return Number(-value.value) if isinstance(value, Number) else Product((MINUS_ONE, value))


def quotient(top: Expression, bottom: Expression) -> Expression:
    if isinstance(top, Number) and isinstance(bottom, Number) and bottom.value:
        return Number(top.value / bottom.value)
    return Product((top, Power(bottom, MINUS_ONE)))


def children(node: Expression) -> tuple[Expression, ...]:
    match node:
        case Sum(terms):
            return terms
        case Product(factors):
            return factors
        case Power(base, exponent):
            return (base, exponent)
        case Call(_, arguments):
            return arguments
    return ()


def size(node: Expression) -> int:
    """Nodes of the tree."""
    return 1 + sum(map(size, children(node)))


def symbols(node: Expression) -> frozenset[str]:
    """Names of every symbol within, constants included."""
    if isinstance(node, Symbol):
        return frozenset({node.name})
    return frozenset().union(*map(symbols, children(node)))


def letters(node: Expression) -> frozenset[str]:
    """Names of the unknowns within: neither constants nor units."""
    return frozenset(n for n in symbols(node) if n not in CONSTANTS and n[0] not in ":°′")

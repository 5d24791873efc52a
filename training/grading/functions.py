"""TeX commands and functions within an expression: fractions, roots, logarithms, angles, brackets of their own."""

from fractions import Fraction

from training.grading.expressions import (
    HALF,
    MINUS_ONE,
    PI,
    Call,
    E,
    Expression,
    Number,
    Power,
    Product,
    Sum,
    Symbol,
    integer,
    quotient,
)
from training.grading.names import Names
from training.grading.numerals import number
from training.grading.tokens import Token, Unreadable
from training.grading.vocabulary import ACCENTS, ALIASES, ANGLES, BARS, CLOSERS, FRACTIONS, FUNCTIONS, GREEK, NAMED

DEEPEST = 30
"""Brackets, scripts and arguments within each other."""


class Functions(Names):
    """What a command stands for, with its arguments."""

    def command(self, text: str) -> Expression:
        name = ALIASES.get(text[1:], text[1:])
        if text in FRACTIONS:
            return self.fraction()
        if text in ("\\sqrt", "\\cbrt"):
            return self.root(3 if text == "\\cbrt" else 2)
        if name in FUNCTIONS:
            return self.function(name)
        if text in NAMED:
            return NAMED[text]
        if name in GREEK:
            return self._named(name.removeprefix("var"))
        if text in ("\\binom", "\\dbinom", "\\tbinom"):
            return Call("binomial", (self.argument(), self.argument()))
        if text in ("\\lfloor", "\\lceil"):
            value = self.sum()
            self.expect(CLOSERS[text])
            return Call("floor" if text == "\\lfloor" else "ceil", (value,))
        if text in ACCENTS:
            return self._named(text[1:] + " " + (self._subscript() if self.peek().text == "{" else self._accented()))
        if text in BARS and not self.bars:
            self.at -= 1
            self.tokens = [*self.tokens[: self.at], Token("symbol", "|"), *self.tokens[self.at + 1 :]]
            return self.primary()
        if text == "\\$":
            return Symbol(":dollar")
        raise Unreadable(f"command {text}")

    def argument(self) -> Expression:
        """One TeX argument: a group, a digit or a letter; \\frac94 is nine quarters."""
        token = self.peek()
        if token.kind == "number" and len(token.text) > 1:
            if not token.text.isdigit():
                raise Unreadable("unclear argument")
            first, rest = token.text[0], token.text[1:]
            self.tokens = [
                *self.tokens[: self.at],
                Token("number", first),
                Token("number", rest),
                *self.tokens[self.at + 1 :],
            ]
        if token.kind == "number":
            self.at += 1
            return Number(number(self.tokens[self.at - 1].text))
        if token.kind == "word" and len(token.text) <= 4:
            self.tokens = [
                *self.tokens[: self.at],
                *(Token("letter", c) for c in token.text),
                *self.tokens[self.at + 1 :],
            ]
        return self.primary()

    def fraction(self) -> Expression:
        return quotient(self.argument(), self.argument())

    def root(self, degree: int) -> Expression:
        index: Expression = integer(degree)
        if self.accept("["):
            index = self.sum()
            self.expect("]")
        value = self.argument()
        return Power(value, quotient(integer(1), index)) if index != integer(2) else Power(value, HALF)

    def function(self, name: str) -> Expression:
        base: Expression | None = None
        exponent: Expression | None = None
        for _ in range(2):
            if name == "log" and self.accept("_"):
                base = self.argument()
            elif self.peek().text in ("^", "**"):
                self.at += 1
                exponent = self.script()
        if exponent == MINUS_ONE and name in ANGLES:
            name, exponent = "arc" + name, None
        arguments = self._arguments(name)
        if name in ANGLES:
            arguments = tuple(in_radians(a) for a in arguments)
        value = called(name, base, arguments)
        return value if exponent is None else Power(value, exponent)

    def _arguments(self, name: str) -> tuple[Expression, ...]:
        if self.peek().text == "(":
            self.at += 1
            bars, self.bars = self.bars, 0
            found = [self.sum()]
            while self.accept(",") and len(found) < 10:
                found.append(self.sum())
            self.expect(")")
            self.bars = bars
            return tuple(found)
        if name in ("sqrt", "cbrt", "abs", "floor", "ceil", "exp"):
            return (self.argument(),)
        # \sin 2x takes the product that follows, up to the next function or explicit sign.
        self.depth += 1
        if self.depth > DEEPEST:
            raise Unreadable("nested too deep")
        factors = [self.factor()]
        while self.starts_factor() and self.peek().text.lstrip("\\") not in FUNCTIONS and self.peek().kind != "han":
            if self.peek().text in ("(", "["):
                break
            factors.append(self.factor())
        if self.peek().text == "/" and self.peek(1).kind == "number":
            self.at += 1
            factors[-1] = quotient(factors[-1], self.factor())
        self.depth -= 1
        return (factors[0] if len(factors) == 1 else Product(tuple(factors)),)


def called(name: str, base: Expression | None, arguments: tuple[Expression, ...]) -> Expression:
    """Functions in terms of few: roots are powers, logarithms quotients of natural ones."""
    first = arguments[0]
    if len(arguments) > 1 and name not in ("gcd", "lcm", "min", "max", "log"):
        raise Unreadable(f"{name} of several values")
    if name == "log" and len(arguments) == 2:
        base = arguments[1]
    if name in ("sqrt", "cbrt"):
        return Power(first, HALF if name == "sqrt" else Number(Fraction(1, 3)))
    if name == "exp":
        return Power(E, first)
    if name == "lg" or base is not None:
        return quotient(Call("ln", (first,)), Call("ln", (base or integer(10),)))
    if name == "log":
        # Whether log is natural or decimal is the question's secret: an unknown constant divides.
        return quotient(Call("ln", (first,)), Symbol("base of log"))
    return Call(name, arguments)


def in_radians(node: Expression) -> Expression:
    match node:
        case Symbol("°"):
            return quotient(PI, integer(180))
        case Product(factors):
            return Product(tuple(map(in_radians, factors)))
        case Sum(terms):
            return Sum(tuple(map(in_radians, terms)))
    return node

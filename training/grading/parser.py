"""Tokens into expressions by recursive descent: TeX, plain text and calculator spelling. Nothing is evaluated here."""

from fractions import Fraction

import training.grading.units as units
from training.grading.expressions import (
    Call,
    Expression,
    Number,
    Power,
    Product,
    Sum,
    Symbol,
    negated,
    quotient,
)
from training.grading.functions import DEEPEST, Functions
from training.grading.numerals import number, repeating
from training.grading.tokens import Token, Unreadable
from training.grading.vocabulary import BARS, BEGIN_FACTOR, CLOSERS, FRACTIONS, OVER, TIMES

PARTS = {"%": Fraction(1, 100), "\\%": Fraction(1, 100), "\\permille": Fraction(1, 1000)}


class Parser(Functions):
    """One expression at a time from a list of tokens; what follows it is left to the caller."""

    def whole(self) -> Expression:
        """The expression that all tokens form."""
        value = self.sum()
        if self.accept("\\over"):
            value = quotient(value, self.sum())
        if self.at != len(self.tokens):
            raise Unreadable(f"unexpected {self.peek().text}")
        return value

    def sum(self) -> Expression:
        self.depth += 1
        if self.depth > DEEPEST:
            raise Unreadable("nested too deep")
        terms = [self._signed_term()]
        while self.peek().text in ("+", "-"):
            terms.append(self._signed_term())
        self.depth -= 1
        return terms[0] if len(terms) == 1 else Sum(tuple(terms))

    def _signed_term(self) -> Expression:
        negative = False
        for _ in range(4):
            if self.accept("-"):
                negative = not negative
            elif not self.accept("+"):
                break
        value = self._term()
        return negated(value) if negative else value

    def _term(self) -> Expression:
        value, factors = self.factor(), []
        while True:
            if self.peek().text in TIMES:
                self.at += 1
                factors.append(value)
                value = self._signed_factor()
            elif self.peek().text in OVER or self.peek().text == "per":
                self.at += 1
                value = quotient(value, self._signed_factor())
            elif self.starts_factor():
                factors.append(value)
                value = self.factor()
            elif self.peek().text in PARTS:  # of all before it: 200/3% is two thirds
                part = Number(PARTS[self.peek().text])
                self.at += 1
                factors.append(part)
            else:
                break
        return Product((*factors, value)) if factors else value

    def _signed_factor(self) -> Expression:
        if self.accept("-"):
            return negated(self._signed_factor_once())
        self.accept("+")
        return self.factor()

    def _signed_factor_once(self) -> Expression:
        if self.peek().text == "-":
            raise Unreadable("two signs")
        return self.factor()

    def starts_factor(self) -> bool:
        token = self.peek()
        if token.kind in ("letter", "word", "han"):
            return True
        if token.kind == "number":
            # Two numbers side by side are no product; after a bracket or a root they are.
            return self.tokens[self.at - 1].kind not in ("number", "repeating")
        if token.kind == "command":
            return token.text in BEGIN_FACTOR or token.text[1:] in BEGIN_FACTOR
        if token.text in BARS:
            return not self.bars
        return token.text in ("(", "[", "{") or token.text in units.CURRENCY

    def factor(self) -> Expression:
        """A primary with what follows it: ^, !, degrees, percent."""
        base = self.primary()
        for _ in range(8):
            token = self.peek()
            if token.text in ("^", "**"):
                self.at += 1
                base = self._raised(base)
            elif token.text == "!" and self.peek(1).text != "!":
                self.at += 1
                base = Call("factorial", (base,))
            elif token.text in ("'", "\\prime") and not isinstance(base, Symbol):
                self.at += 1
                base = Product((base, Symbol("′′" if self.accept("'") else "′")))
            elif token.text in ("\\degree", "\\deg", "\\textdegree"):
                self.at += 1
                base = Product((base, Symbol("°")))
            else:
                return base
        raise Unreadable("too many signs after a term")

    def _raised(self, base: Expression) -> Expression:
        start = self.at
        braced = self.accept("{")
        if self.accept("\\circ", "\\degree", "o") and (not braced or self.accept("}")):
            scale = self.peek().text
            if scale in ("C", "F"):
                self.at += 1
                return Product((base, Symbol(":degree " + scale)))
            return Product((base, Symbol("°")))
        self.at = start + braced
        if self.peek().text in ("'", "\\prime"):
            count = 0
            while self.accept("'", "\\prime"):
                count += 1
            if braced:
                self.expect("}")
            return Product((base, Symbol("′" * count)))
        self.at = start
        return Power(base, self.script())

    def script(self) -> Expression:
        """What stands raised: a group, a signed primary (2^-3), and towers from the right."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise Unreadable("nested too deep")
        if self.accept("-"):
            value = negated(self.script())
        else:
            self.accept("+")
            token = self.peek()
            if token.kind == "number" and len(token.text) > 1 and self.at and "\\" in self.tokens[self.at - 1].text:
                raise Unreadable("unclear script")
            value = self.primary()
            if self.accept("^", "**"):
                value = Power(value, self.script())
            elif self.peek().text == "!" and self.accept("!"):
                value = Call("factorial", (value,))
        self.depth -= 1
        return value

    def primary(self) -> Expression:
        token = self.peek()
        self.at += 1
        if token.kind == "number":
            return self._after_number(token)
        if token.kind == "repeating":
            return Number(repeating(token.text))
        if token.kind == "letter":
            return self._letter(token)
        if token.kind == "word":
            return self._word(token)
        if token.kind == "han":
            return self._chinese(token)
        if token.kind == "command":
            return self.command(token.text)
        if token.text in BARS and not self.bars:
            self.bars += 1
            value = self.sum()
            self.bars -= 1
            if self.peek().text not in BARS:
                raise Unreadable("open bar")
            self.at += 1
            return Call("abs", (value,))
        if token.text in ("(", "[", "{"):
            return self._group(token.text)
        if token.text in units.CURRENCY:
            return Symbol(":" + units.CURRENCY[token.text])
        raise Unreadable(f"unexpected {token.text!r}")

    def _group(self, opener: str) -> Expression:
        if opener == "(" and self.at > 1 and self.peek().kind in ("word", "han") and units.is_noun(self.peek().text):
            noun = self._noun_in_brackets()
            if noun is not None:
                return noun
        bars, self.bars = self.bars, 0
        value = self.sum()
        if opener == "{" and self.accept("\\over"):
            value = quotient(value, self.sum())
        elif opener == "{" and self.accept("\\choose"):
            value = Call("binomial", (value, self.sum()))
        self.expect(CLOSERS[opener])
        self.bars = bars
        return value

    def _after_number(self, token: Token) -> Expression:
        """A number, a mixed number (3 1/2, 3\\frac{1}{2}) or a number in a base (101_2)."""
        value = number(token.text)
        if self.accept("_"):
            return Symbol(f"#{token.text.lstrip('0')}_{self._base()}")
        if "." in token.text:
            return Number(value)
        one, two, three = self.peek(), self.peek(1), self.peek(2)
        if one.kind == "number" and two.text == "/" and three.kind == "number":
            if not one.spaced or "." in one.text + three.text:
                raise Unreadable("two numbers")
            self.at += 3
            return Number(value + _proper(one.text, three.text))
        if one.text in FRACTIONS:
            start = self.at
            self.at += 1
            part = self.fraction()
            if isinstance(part, Number) and 0 < part.value < 1 and self.peek().text not in ("^",):
                return Number(value + part.value)
            self.at = start
        return Number(value)


def _proper(top: str, bottom: str) -> Fraction:
    if not 0 < int(top) < int(bottom):
        raise Unreadable("no mixed number")
    return Fraction(int(top), int(bottom))

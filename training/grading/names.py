"""Letters, words, units and Chinese text within an expression."""

from abc import ABC, abstractmethod

import training.grading.units as units
import training.grading.words as words
from training.grading.expressions import IMAGINARY, Call, E, Expression, Number, Power, Product, Symbol, integer
from training.grading.tokens import Token, Unreadable
from training.grading.vocabulary import ALIASES, END, FUNCTIONS, GREEK, NAMED, SINGLE_UNITS

ORDINALS = frozenset({"st", "nd", "rd", "th"})


class Cursor:
    """A place in a list of tokens."""

    def __init__(self, tokens: list[Token], letter_units: bool = False) -> None:
        self.tokens, self.at, self.depth, self.bars = tokens, 0, 0, 0
        self.letter_units = letter_units
        """'5 m' is five metres, not five times an unknown."""

    def peek(self, ahead: int = 0) -> Token:
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else END

    def accept(self, *texts: str) -> bool:
        if self.peek().text in texts and self.at < len(self.tokens):
            self.at += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.accept(text):
            raise Unreadable(f"{text} expected")


class Names(Cursor, ABC):
    """What a name stands for; the grammar around it is the parser's."""

    @abstractmethod
    def sum(self) -> Expression: ...

    @abstractmethod
    def factor(self) -> Expression: ...

    @abstractmethod
    def primary(self) -> Expression: ...

    @abstractmethod
    def starts_factor(self) -> bool: ...

    @abstractmethod
    def argument(self) -> Expression: ...

    @abstractmethod
    def script(self) -> Expression: ...

    @abstractmethod
    def function(self, name: str) -> Expression: ...

    def _base(self) -> str:
        braced = self.accept("{")
        token = self.peek()
        self.at += 1
        base = token.text if token.kind == "number" else words.english_number(token.text)
        if base is None or (braced and not self.accept("}")):
            raise Unreadable("unclear base")
        return str(base)

    def _letter(self, token: Token) -> Expression:
        previous = self.tokens[self.at - 2] if self.at > 1 else END
        if (
            token.text in SINGLE_UNITS
            and (token.upright or (self.letter_units and previous.kind != "letter"))
            and self.at > 1
        ):
            found = units.unit(token.text)
            if found is not None:
                return found
        name = token.text
        if name in "CAP" and self.peek().text == "_":
            chosen = self._chosen(name)
            if chosen is not None:
                return chosen
        if name in ("e", "i"):
            return E if name == "e" else IMAGINARY
        return self._named(name)

    def _chosen(self, name: str) -> Expression | None:
        """C_5^2, A_5^2 and P_5^2: combinations and permutations as Chinese textbooks write them."""
        start = self.at
        self.at += 1
        whole = self.argument() if self.peek().text == "{" or self.peek().kind == "number" else None
        if isinstance(whole, Number) and self.accept("^"):
            part = self.script()
            if isinstance(part, Number) and whole.value.denominator == part.value.denominator == 1:
                ways = Call("binomial", (whole, part))
                return ways if name == "C" else Product((ways, Call("factorial", (part,))))
        self.at = start
        return None

    def _named(self, name: str) -> Expression:
        """A letter with its subscript and primes."""
        if self.peek().text == "_":
            self.at += 1
            name += "_" + self._subscript()
        while self.peek().text in ("'", "\\prime"):
            self.at += 1
            name += "'"
        return Symbol(name)

    def _subscript(self) -> str:
        if not self.accept("{"):
            self.at += 1
            return self.tokens[self.at - 1].text if self.at <= len(self.tokens) else ""
        text, depth = "", 1
        while depth:
            token = self.peek()
            if token is END:
                raise Unreadable("open subscript")
            self.at += 1
            depth += {"{": 1, "}": -1}.get(token.text, 0)
            text += token.text if depth else ""
        return text

    def _word(self, token: Token) -> Expression:
        """A function, a constant, a multiple, a unit, or a product of letters."""
        text = token.text
        name = ALIASES.get(text, text)
        if name in FUNCTIONS and not (name in ("min", "h") and self.at > 1):
            return self.function(name)
        if text in NAMED:
            return NAMED[text]
        if text in GREEK and not token.upright:
            return self._named(text)
        if self.at > 1 and self.at == len(self.tokens) and text in ORDINALS and not token.spaced:
            return Symbol(":th")
        if self.at > 1:
            factor = units.multiple(text)
            if factor is not None and len(text) > 1:
                return factor
            if text.lower() in units.PREFIXES and self.peek().kind in ("word", "letter"):
                return Power(self._unit_word(), integer(units.PREFIXES[text.lower()]))
            if token.upright or units.is_known(text) or (token.spaced and _is_english(text)):
                return self._unit_name(token)
        if self.at == 1 and text.lower() in units.CODES:
            return self._unit_name(token)
        if token.upright or len(text) > 6 or _is_english(text):
            raise Unreadable(f"word {text}")
        return Product(tuple(E if c == "e" else IMAGINARY if c == "i" else Symbol(c) for c in text))

    def _unit_word(self) -> Expression:
        token = self.peek()
        self.at += 1
        return self._unit_name(token._replace(upright=True))

    def _unit_name(self, token: Token) -> Expression:
        """One unit, with the nouns that belong to it: 'red apples'; 'cm squared'."""
        found = units.unit(token.text)
        if found is None:
            raise Unreadable(f"word {token.text}")
        names = [token.text]
        while (
            self.peek().kind == "word"
            and not units.is_known(token.text)
            and self.peek().text != "per"
            and len(names) < 5
        ):
            following = Symbol(":of") if self.peek().text == "of" else units.unit(self.peek().text)
            if following is None:
                raise Unreadable(f"word {self.peek().text}")
            names.append(self.peek().text)
            found = Symbol(
                ":"
                + " ".join(
                    [*map(str.lower, names[:-1]), following.name[1:] if isinstance(following, Symbol) else names[-1]]
                )
            )
            self.at += 1
        if self.peek().text in ("squared", "cubed"):
            self.at += 1
            return Power(found, integer(units.PREFIXES[self.tokens[self.at - 1].text]))
        if self.peek().kind == "number" and self.peek().text in "23" and not self.peek().spaced:
            self.at += 1  # cm2
            return Power(found, integer(int(self.tokens[self.at - 1].text)))
        return found

    def _chinese(self, token: Token) -> Expression:
        """Numerals, multiples (万) and units of Chinese text."""
        text = token.text
        factors: list[Expression] = []
        leading = words.chinese_number(text) if self.at == 1 or self.tokens[self.at - 2].kind == "symbol" else None
        if leading is not None:
            factors.append(Number(leading[0]))
            text = leading[1]
        elif self.at == 1:
            raise Unreadable("words")
        while text and text[0] in "十百千万亿" and not units.is_known(text):
            scale = units.multiple(text[0])
            assert scale is not None
            factors.append(scale)
            text = text[1:]
        if text and (
            units.is_known(text)
            or len(text) <= 6
            and not set(text) & set("或和不又分非约大小多少至到以余几左右近折成半方根零一二三四五六七八九")
        ):
            found = units.unit(text)
            if found is not None:
                factors.append(found)
        elif text:
            raise Unreadable("words")
        return factors[0] if len(factors) == 1 else Product(tuple(factors))

    def _accented(self) -> str:
        """The letters after an accent or an angle's sign: ABC."""
        token = self.peek()
        if token.kind not in ("letter", "word", "number", "command"):
            raise Unreadable("accent of nothing")
        self.at += 1
        return token.text

    def _noun_in_brackets(self) -> Expression | None:
        """The unit in '9 (red apples)'; None where the bracket holds mathematics."""
        end = self.at
        while end < len(self.tokens) and self.tokens[end].text != ")":
            end += 1
        inside = self.tokens[self.at : end]
        if end != len(self.tokens) - 1 or any(t.kind not in ("word", "han") and t.text != "'" for t in inside):
            return None
        self.at = end + 1
        return Symbol(":" + " ".join([*(t.text.lower() for t in inside[:-1]), units.singular(inside[-1].text.lower())]))


def _is_english(text: str) -> bool:
    """A word rather than a product of letters: it has a vowel and is not of usual unknowns only."""
    return len(text) > 2 and bool(set(text.lower()) & set("aeiou")) and not set(text) <= set("abcxyzi")

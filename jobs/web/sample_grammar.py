"""Seeded text from templates: word banks in `sample_words/*.toml`, slots filled at random, same seed, same text.

A template holds slots in square brackets: `[dish]` draws from the rule `dish`; `[Dish]` draws once and is remembered
for the page (`[Dish2]` is another one, never equal to `[Dish]`); `[10-40]` is a whole number; `[a:10-40]` is one that
the rest of the template calls `[a]`, and `[=a*b+2]` is computed from such numbers. `«…»` holds TeX, which nothing here
changes.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

WORDS = Path(__file__).parent / "sample_words"

_SLOT = re.compile(r"\[([A-Za-z_]+\d?|(?:[a-z]:)?\d+-\d+|=[a-z0-9+*-]+)\]")
_TERM = re.compile(r"([+-]?)([^+-]+)")
_FORMULA = re.compile(r"(«[^»]*»)")
_SENTENCE_START = re.compile(r"([.!?] |\n)([a-z])")
_ARTICLE = re.compile(r"\b([Aa]) (?=[aeiouAEIOU]|honest)(?!uni|use|one|eu)")


@dataclass(frozen=True)
class Slot:
    """A hole in a template: a rule's name; or, when `rule` is empty, a sum to compute or a range of whole numbers.
    `memory` is the name under which the value is remembered."""

    rule: str
    memory: str = ""
    low: int = 0
    high: int = 0
    sum: str = ""


Template = tuple[str | Slot, ...]


@dataclass
class Draw:
    """The state of one page: where its words and its numbers come from, and what it has remembered.

    Words and numbers have their own sources so that a series of exercises can differ in numbers alone.
    """

    words: Random
    numbers: Random
    memory: dict[str, str] = field(default_factory=dict)


@cache
def parse_template(text: str) -> Template:
    """Cut a template into plain text and slots."""
    parts: list[str | Slot] = []
    end = 0
    for match in _SLOT.finditer(text):
        if match.start() > end:
            parts.append(text[end : match.start()])
        parts.append(_slot(match.group(1)))
        end = match.end()
    if end < len(text):
        parts.append(text[end:])
    return tuple(parts)


def _slot(name: str) -> Slot:
    if name[0] == "=":
        return Slot("", sum=name[1:])
    if "-" in name:
        letter, _, bounds = name.rpartition(":")
        low, high = bounds.split("-")
        return Slot("", memory=letter, low=int(low), high=int(high))
    rule = name.lower().rstrip("0123456789")
    remembered = name[0].isupper() or len(name) == 1
    return Slot(rule, memory=name.lower() if remembered else "")


@dataclass(frozen=True)
class Grammar:
    """The rules of one subject in one language: rule name -> its templates."""

    subject: str
    language: str
    rules: Mapping[str, Sequence[str]]

    def text(self, rule: str, draw: Draw) -> str:
        """One template of `rule` with every slot filled; sentences begin with a capital in English.

        Raises KeyError with the subject's name when a rule does not exist.
        """
        return self.fill(draw.words.choice(self._templates(rule)), draw)

    def fill(self, template: str, draw: Draw) -> str:
        """The given template with every slot filled, tidied as `text` does."""
        filled = self._expand(parse_template(template), draw)
        return filled if self.language == "zh" else _tidy_english(filled)

    def verbatim(self, rule: str, draw: Draw) -> str:
        """One template of `rule` with every slot filled and nothing tidied: source code, for instance."""
        return self._expand(parse_template(draw.words.choice(self._templates(rule))), draw)

    def deck(self, rule: str, draw: Draw) -> list[str]:
        """All templates of a rule in random order, so that a page repeats a sentence only when it has run out."""
        templates = list(self._templates(rule))
        draw.words.shuffle(templates)
        return templates

    def _templates(self, rule: str) -> Sequence[str]:
        if rule not in self.rules:
            raise KeyError(f"sample_words: subject {self.subject!r} ({self.language}) has no rule {rule!r}")
        return self.rules[rule]

    def _expand(self, template: Template, draw: Draw) -> str:
        return "".join(part if isinstance(part, str) else self._value(part, draw) for part in template)

    def _value(self, slot: Slot, draw: Draw) -> str:
        if slot.sum:
            return str(compute(slot.sum, draw.memory))
        if not slot.rule:
            number = str(draw.numbers.randint(slot.low, slot.high))
            if slot.memory:
                draw.memory[slot.memory] = number
            return number
        if slot.memory and slot.memory in draw.memory:
            return draw.memory[slot.memory]
        value = self._expand(parse_template(draw.words.choice(self._templates(slot.rule))), draw)
        if slot.memory:
            taken = {text for key, text in draw.memory.items() if key.rstrip("0123456789") == slot.rule}
            while value in taken and len(taken) < len(self._templates(slot.rule)):
                value = self._expand(parse_template(draw.words.choice(self._templates(slot.rule))), draw)
            draw.memory[slot.memory] = value
        return value


def compute(sum_: str, memory: Mapping[str, str]) -> int:
    """The value of a sum of products such as `a*a-2*b`, letters taken from memory. Raises ValueError for others."""
    total = 0
    for sign, product in _TERM.findall(sum_):
        value = 1
        for factor in product.split("*"):
            value *= int(memory.get(factor, factor))
        total += -value if sign == "-" else value
    return total


def _tidy_english(text: str) -> str:
    """Capitals at sentence starts and `an` before vowels, outside formulas."""
    pieces = _FORMULA.split(text)
    for at in range(0, len(pieces), 2):
        pieces[at] = _SENTENCE_START.sub(_raise_initial, _ARTICLE.sub(r"\1n ", pieces[at]))
    return pieces[0][:1].upper() + "".join(pieces)[1:] if pieces[0] else "".join(pieces)


def _raise_initial(match: re.Match[str]) -> str:
    return match.group(1) + match.group(2).upper()


@cache
def read_words(name: str) -> dict[str, Any]:
    """A word file of `sample_words/` by its stem."""
    return tomllib.loads((WORDS / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def grammar(subject: str, language: str) -> Grammar:
    """The grammar of a subject: its own rules over those that all subjects of the language share."""
    files = {"zh": ("chinese",), "en": ("mathematics", "everyday")}[language]
    rules = dict(read_words("shared")[language])
    for name in files:
        words = read_words(name)
        if subject in words:
            if name == "mathematics":
                rules |= words["en"]
            return Grammar(subject, language, rules | words[subject])
    if subject in ("problems", "exercise"):
        own = {key: value for key, value in read_words("problems")[language].items() if key != "problem"}
        return Grammar(subject, language, rules | own)
    raise KeyError(f"sample_words: no subject {subject!r} in language {language!r}")

"""Word problems with drawn numbers and worked solutions, and the benchmark items that a sample crawl plants.

Items and pages use the same templates but never the same things: the benchmark counts the `reserved` things, of which
no page speaks unless an item was planted there, and at most nine words in a row do without one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random
from typing import Any

from jobs.web.sample_grammar import Draw, Grammar, grammar, read_words

BENCHMARK = "word_problems"
BENCHMARK_ITEMS = {"en": 160, "zh": 40}
SHORT_ITEMS = {"en": 10, "zh": 6}
PLANTED_EVERY = 4
"""Every fourth item may be planted into pages; the others stay clean."""

_DRAWINGS = 500


@dataclass(frozen=True)
class WordProblem:
    """A question, the lines of its worked solution («…» holds TeX) and the answer, a whole number."""

    question: str
    solution: tuple[str, ...]
    answer: int


@dataclass(frozen=True)
class BenchmarkItem:
    """A row of the benchmark file. `answer` is worked and ends with `#### n`; `short` marks a 3 to 9-gram question."""

    row: int
    language: str
    question: str
    answer: str
    short: bool

    @property
    def name(self) -> str:
        return f"{BENCHMARK}:{self.row}"


def draw_numbers(template: Mapping[str, Any], numbers: Random) -> dict[str, int]:
    """Values for the letters of a problem template: drawn, given and computed, all whole and at least 1.

    Raises ValueError when the template's ranges never allow that.
    """
    for _ in range(_DRAWINGS):
        values = {letter: numbers.randint(low, high) for letter, (low, high) in template["draw"].items()}
        lines = [*template.get("given", ()), *template["steps"]]
        if all(_compute(line, values) for line in lines):
            return values
    raise ValueError(f"problem template {template['question']!r}: no whole positive numbers in {template['draw']}")


def _compute(line: str, values: dict[str, int]) -> bool:
    """Carry out "t = a * b" in `values`. False when the result is not whole or is below 1."""
    target, _, left, operator, right = line.split()
    x, y = (values[term] if term in values else int(term) for term in (left, right))
    if operator == "/" and (y == 0 or x % y):
        return False
    result = {"+": x + y, "-": x - y, "*": x * y, "/": x // y if y else 0}[operator]
    values[target] = result
    return result >= 1


def write_problem(words: Grammar, draw: Draw, template: Mapping[str, Any]) -> WordProblem:
    """A problem from its template, with people and things of its own."""
    values = draw_numbers(template, draw.numbers)
    own = replace(draw, memory={letter: str(value) for letter, value in values.items()})
    if "thing" in draw.memory:
        own.memory["thing"] = draw.memory["thing"]
    return WordProblem(
        words.fill(template["question"], own),
        tuple(words.fill(line, own) for line in template.get("solution", ())),
        values[template["steps"][-1].split()[0]],
    )


def problem_templates(language: str) -> Sequence[Mapping[str, Any]]:
    """The templates of a language's word problems."""
    return read_words("problems")[language]["problem"]


@lru_cache(maxsize=4)
def benchmark_items(seed: int) -> tuple[BenchmarkItem, ...]:
    """The benchmark of a seed: long items first, then short ones, no question twice."""
    rows: list[BenchmarkItem] = []
    questions: set[str] = set()
    for language, count in BENCHMARK_ITEMS.items():
        random = Random(f"{seed}:benchmark:{language}")
        _add_items(rows, questions, count, lambda r=random, lang=language: _long_item(r, lang))
    for language, count in SHORT_ITEMS.items():
        random = Random(f"{seed}:short:{language}")
        _add_items(rows, questions, count, lambda r=random, lang=language: _short_item(r, lang))
    return tuple(rows)


def _add_items(rows: list[BenchmarkItem], questions: set[str], count: int, make: Any) -> None:
    wanted = len(rows) + count
    while len(rows) < wanted:
        item = make()
        if item.question not in questions:
            questions.add(item.question)
            rows.append(replace(item, row=len(rows)))


def _long_item(random: Random, language: str) -> BenchmarkItem:
    words = grammar("problems", language)
    thing = random.choice(words.rules["reserved"])
    draw = Draw(random, random, {"thing": thing})
    problem = write_problem(words, draw, random.choice(problem_templates(language)))
    return BenchmarkItem(0, language, problem.question, benchmark_answer(problem), short=False)


def _short_item(random: Random, language: str) -> BenchmarkItem:
    template = random.choice([t for t in read_words("problems")["short"] if t["language"] == language])
    problem = write_problem(grammar("problems", language), Draw(random, random), template)
    return BenchmarkItem(0, language, problem.question, benchmark_answer(problem), short=True)


def benchmark_answer(problem: WordProblem) -> str:
    """The worked answer in plain characters, closed by `#### n`."""
    lines = [line.replace("\\times", "*").replace("\\div", "/") for line in problem.solution]
    plain = [line.replace("«", "").replace("»", "") for line in lines]
    return "\n".join([*plain, f"#### {problem.answer}"])


def planted_items(seed: int, short: bool) -> tuple[BenchmarkItem, ...]:
    """The items that may be planted into pages."""
    return tuple(i for i in benchmark_items(seed) if i.short == short and i.row % PLANTED_EVERY == 0)

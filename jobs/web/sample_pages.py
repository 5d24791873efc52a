"""The words of a sample page, before any HTML: a title and blocks of text."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import cycle
from random import Random

from jobs.web.sample_grammar import Draw, Grammar, grammar
from jobs.web.sample_questions import BenchmarkItem, WordProblem, problem_templates, write_problem

_FORMULA = re.compile(r"«[^»]*»")

PAGE_WORDS = (200, 600)
SERIES = 6
"""Exercise series a site has: the pages of a series differ in their numbers only."""

_FILLERS = {
    "en": ("indeed", "of course", "in fact", "perhaps", "as before", "for instance"),
    "zh": ("其实", "当然", "比如说", "的确", "大概"),
}
_NEAR_CHANGES = 3


@dataclass(frozen=True)
class Block:
    """A piece of a page: kind heading | paragraph | list | code | comment; lists have an item a line."""

    kind: str
    text: str


@dataclass(frozen=True)
class Page:
    """A page's words. «…» in them is TeX."""

    language: str
    title: str
    blocks: tuple[Block, ...]


def count_words(text: str, language: str) -> int:
    """Words of a text; three Chinese characters count as two words."""
    return len(text) * 2 // 3 if language == "zh" else text.count(" ") + 1


def write_page(subject: str, language: str, random: Random, series: Random | None = None) -> Page:
    """A page about a subject, 200 to 600 words long.

    With `series`, words are drawn from it and only numbers from `random`: pages of a series differ in numbers alone.
    """
    draw = Draw(series or random, random)
    words = grammar(subject, language)
    target = draw.words.randint(*PAGE_WORDS)
    title = words.text("title", draw)
    if subject == "exercise":
        return Page(language, title, _exercises(words, draw, target))
    if subject == "problems":
        return Page(language, title, _problems(words, draw, target))
    return Page(language, title, _article(words, draw, target))


def _article(words: Grammar, draw: Draw, target: int) -> tuple[Block, ...]:
    blocks: list[Block] = []
    count = 0
    deck: list[str] = []
    headings = iter(words.deck("heading", draw))
    while count < target:
        taken = draw.words.randint(2, 6)
        while len(deck) < taken:
            deck += words.deck("sentence", draw)
        joint = "" if words.language == "zh" else " "
        text = joint.join(words.fill(deck.pop(), draw) for _ in range(taken))
        blocks.append(Block("paragraph", text))
        count += count_words(text, words.language)
        if blocks[-1].kind == "paragraph" and draw.words.random() < 0.35:
            heading = next(headings, "")
            blocks += [Block("heading", heading)] if heading and count < target else []
        blocks += _extras(words, draw)
    comments = [Block("comment", words.text("comment", draw)) for _ in range(draw.words.randint(0, 3))]
    return tuple(blocks + comments)


def _extras(words: Grammar, draw: Draw) -> list[Block]:
    """Now and then a displayed formula, a list or a listing of code, where the subject has any."""
    if draw.words.random() > 0.3:
        return []
    if "display" in words.rules:
        return [Block("paragraph", words.text("display", draw))]
    if "code" in words.rules:
        return [Block("code", words.verbatim("code", draw))]
    if "item" in words.rules:
        return [Block("list", "\n".join(words.text("item", draw) for _ in range(draw.words.randint(3, 6))))]
    return []


def _problems(words: Grammar, draw: Draw, target: int) -> tuple[Block, ...]:
    """Worked word problems, each with its solution, and a little advice in between."""
    templates = problem_templates(words.language)
    advice = cycle(words.deck("sentence", draw))
    blocks = [Block("paragraph", words.fill(next(advice), draw))]
    count = 0
    while count < target:
        problem = write_problem(words, draw, draw.words.choice(templates))
        blocks += _worked(words, draw, problem)
        count = sum(count_words(block.text, words.language) for block in blocks)
        if draw.words.random() < 0.3:
            blocks.append(Block("heading", words.text("heading", draw)))
            blocks.append(Block("paragraph", words.fill(next(advice), draw)))
    return tuple(blocks)


def _worked(words: Grammar, draw: Draw, problem: WordProblem) -> list[Block]:
    joint = "" if words.language == "zh" else " "
    final = Draw(draw.words, draw.numbers, {"answer": str(problem.answer)})
    closing = words.text("final", final)
    solution = joint.join([*problem.solution, closing])
    question = words.text("intro", draw) if draw.words.random() < 0.8 else ""
    return [Block("paragraph", question + problem.question), Block("paragraph", words.text("lead", draw) + solution)]


def _exercises(words: Grammar, draw: Draw, target: int) -> tuple[Block, ...]:
    """A sheet of exercises of three kinds; the key at the end gives the calculations without a word."""
    templates = draw.words.sample(list(problem_templates(words.language)), 3)
    blocks = [Block("paragraph", words.text("sentence", draw)), Block("heading", words.text("heading", draw))]
    key: list[str] = []
    count = 0
    for template in cycle(templates):
        problem = write_problem(words, draw, template)
        key.append(" ".join(_FORMULA.findall("".join(problem.solution))))
        blocks.append(Block("paragraph", f"{len(key)}. {problem.question}"))
        count += count_words(problem.question, words.language)
        if count >= target:
            break
    return (*blocks, Block("heading", words.text("heading", draw)), Block("list", "\n".join(key)))


def plant(page: Page, item: BenchmarkItem, random: Random) -> Page:
    """The page with a benchmark item in it, word for word: question and answer as paragraphs of their own."""
    at = random.randint(1, len(page.blocks))
    lines = item.answer.rsplit("\n", 1)[0].split("\n") if not item.short else []
    planted = [Block("paragraph", item.question), *(Block("paragraph", line) for line in lines)]
    return replace(page, blocks=(*page.blocks[:at], *planted, *page.blocks[at:]))


def nearly(page: Page, random: Random) -> Page:
    """A near duplicate: a filler put in at three places, everything else equal."""
    blocks = list(page.blocks)
    places = [at for at, block in enumerate(blocks) if block.kind == "paragraph" and _gaps(block.text, page.language)]
    for at in random.sample(places, min(_NEAR_CHANGES, len(places))):
        gap = random.choice(_gaps(blocks[at].text, page.language))
        filler = random.choice(_FILLERS[page.language])
        text = blocks[at].text
        blocks[at] = Block("paragraph", text[:gap] + (filler if page.language == "zh" else f" {filler}") + text[gap:])
    return replace(page, blocks=tuple(blocks))


def _gaps(text: str, language: str) -> list[int]:
    """Places between two words (after a comma in Chinese) that lie outside formulas."""
    pattern = r"«[^»]*»|(?<=，)" if language == "zh" else r"«[^»]*»|(?<=[a-z]{3})(?= [a-z])"
    return [match.start() for match in re.finditer(pattern, text) if not match.group()]

"""Generated word problems with verifiable answers: two or three steps of arithmetic with small numbers.

    examples("sft", 10_000, seed=1)       # the same list in every run

The splits are disjoint by construction: the story and its numbers decide the split (a hash), whatever the names, the
things and the wording are. So no question of `test` is in `sft` or `rl`, and none is there under another name either.
"""

import hashlib
import random
from collections.abc import Iterator, Mapping
from typing import Literal

from jobs.lake.stage import StageError
from training.benchmarks.questions import Question, read_benchmarks
from training.benchmarks.stories import PEOPLE, STORIES, THINGS, Story
from training.prompts import FINALS

Split = Literal["sft", "rl", "validation", "test"]

NAME = "generated"
SHARES: dict[Split, int] = {"sft": 60, "rl": 22, "validation": 6, "test": 12}
"""Per cent of all problems in each split."""
LARGEST = 20
"""No result of a step is larger, so that a model of a million parameters can learn the arithmetic."""
PATIENCE = 200_000
"""Draws without a new question after which a split counts as used up."""


def examples(split: Split, count: int, seed: int) -> list[Question]:
    """The first `count` questions of a split in the order that `seed` gives; none occurs twice.

    Asking for more questions with the same seed gives the same ones first. Raises ValueError where the split has fewer.
    """
    found: dict[str, Question] = {}
    draws_without_new = 0
    for owner, question in _draws(seed):
        if len(found) >= count:
            break
        draws_without_new += 1
        if owner == split and question.id not in found:
            found[question.id] = question
            draws_without_new = 0
        if draws_without_new > PATIENCE:
            raise ValueError(
                f"split {split!r} gave {len(found)} different questions and no more; {count} were asked for"
            )
    return list(found.values())


def training_questions(count: int, seed: int, place: str) -> list[Question]:
    """Questions to learn from by reinforcement: up to `count` of the files at `place`, shuffled by the seed, or `count`
    of split `rl` where no place is given. Raises StageError."""
    if place:
        found = [q for benchmark in read_benchmarks(place) for q in benchmark.questions]
        random.Random(f"questions {seed}").shuffle(found)
        return found[:count]
    try:
        return examples("rl", count, seed)
    except ValueError as error:
        raise StageError(f"{error}; lower `questions` in the recipe or give --questions") from error


def _draws(seed: int) -> Iterator[tuple[Split, Question]]:
    """Endless questions of all splits, each with the split that owns it."""
    random_state = random.Random(f"word problems {seed}")
    while True:
        story = random_state.choice(STORIES)
        numbers = dict(zip("abcd", (random_state.choice(n) for n in story.numbers), strict=False))
        results = _solve(story, numbers)
        people, things = random_state.sample(PEOPLE, 2), random_state.sample(THINGS, 2)
        text = random_state.choice(story.texts)
        if results is not None:
            words = {**dict(zip("pq", people, strict=True)), **dict(zip("tu", things, strict=True))}
            yield split_of(story.name, numbers), _write(story, text, words, {**numbers, **results})


def split_of(story: str, numbers: Mapping[str, int]) -> Split:
    """The split that owns a problem, by its story and numbers alone."""
    key = " ".join([story, *(str(numbers[n]) for n in sorted(numbers))])
    place = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % 100
    for split, share in SHARES.items():
        if place < share:
            return split
        place -= share
    raise AssertionError("SHARES must add up to 100")


def _solve(story: Story, numbers: Mapping[str, int]) -> dict[str, int] | None:
    """Results x, y, z of the steps; None where one is no whole number between 1 and LARGEST."""
    known = dict(numbers)
    for name, (left, sign, right) in zip("xyz", story.operations, strict=False):
        result = _apply(_value(left, known), sign, _value(right, known))
        if result is None or not 1 <= result <= LARGEST:
            return None
        known[name] = result
    return {name: known[name] for name in "xyz"[: len(story.steps)]}


def _value(term: str, known: Mapping[str, int]) -> int:
    return known[term] if term in known else int(term)


def _apply(left: int, sign: str, right: int) -> int | None:
    if sign == "/":
        return left // right if right and left % right == 0 else None
    return {"+": left + right, "-": left - right, "*": left * right}[sign]


def _write(story: Story, text: str, words: Mapping[str, str], numbers: Mapping[str, int]) -> Question:
    question = text.format(**words, **numbers)
    lines = []
    for name, (left, sign, right) in zip("xyz", story.operations, strict=False):
        lines.append(f"{_value(left, numbers)} {sign} {_value(right, numbers)} = {numbers[name]}")
    answer = str(numbers["xyz"[len(story.steps) - 1]])
    digest = hashlib.sha256(question.encode()).hexdigest()[:16]
    return Question(digest, question, (*lines, FINALS["none"].format(answer)), answer)

"""A question with a known answer, and readers for files of published questions."""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from jobs.lake.stage import StageError, sampled_digest
from training.prompts import FINALS

CALCULATOR_NOTE = re.compile(r"<<[^<>]*>>")  # GSM8K writes 48/2 = <<48/2=24>>24
GOLD_MARK = "####"


@dataclass(frozen=True)
class Question:
    """One question. `id` is unique in its benchmark and the same in every run."""

    id: str
    question: str
    solution: tuple[str, ...]
    """Step lines; the last one states the answer. Empty where the benchmark gives the answer only."""
    answer: str
    """The gold answer alone."""


@dataclass(frozen=True)
class Benchmark:
    """A named list of questions."""

    name: str
    questions: tuple[Question, ...]


def read_benchmarks(place: str) -> list[Benchmark]:
    """Every *.jsonl file of a folder, or one such file, as benchmarks named by path without suffix, in name order.

    A line is {"question": ..., "answer": "steps ... #### 18"}, the layout of GSM8K.
    Raises StageError where there is nothing to read or a line is something else.
    """
    return [Benchmark(name, tuple(_read(file))) for name, file in _files(Path(place))]


def question_digests(place: str) -> dict[str, str]:
    """Name -> digest of every file that `read_benchmarks` would read; empty for no place. Raises StageError."""
    return {b: sampled_digest([f]) for b, f in _files(Path(place))} if place else {}


_LAYOUT = '{"question": "...", "answer": "steps ... #### 18"}'


def _files(place: Path) -> list[tuple[str, Path]]:
    """Name and path of each benchmark file."""
    if place.is_file():
        return [(place.stem, place)]
    if not place.is_dir():
        raise StageError(f"--questions {place}: there is no such file or folder")
    files = sorted(place.rglob("*.jsonl"))
    if not files:
        raise StageError(f"--questions {place}: no *.jsonl file below it; a line is {_LAYOUT}")
    return [(file.relative_to(place).with_suffix("").as_posix(), file) for file in files]


def _read(file: Path) -> list[Question]:
    questions = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        where = f"--questions {file}, line {number}"
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise StageError(f"{where} is not JSON ({error}); expected {_LAYOUT}") from error
        if not isinstance(row, dict) or not all(isinstance(row.get(k), str) for k in ("question", "answer")):
            raise StageError(f"{where} has no text in 'question' and 'answer'; expected {_LAYOUT}")
        steps, mark, gold = row["answer"].rpartition(GOLD_MARK)
        if not mark or not gold.strip():
            raise StageError(f"{where}: 'answer' does not end in '{GOLD_MARK} ANSWER'; expected {_LAYOUT}")
        questions.append(_question(row["question"].strip(), steps, gold.strip(), number))
    if not questions:
        raise StageError(f"--questions {file} is empty; a line is {_LAYOUT}")
    return questions


def _question(question: str, steps: str, answer: str, number: int) -> Question:
    lines = [CALCULATOR_NOTE.sub("", s).strip() for s in steps.splitlines() if s.strip()]
    digest = hashlib.sha256(question.encode()).hexdigest()[:8]
    return Question(f"{number}-{digest}", question, (*lines, FINALS["none"].format(answer)), answer)

"""Examples of supervised fine-tuning as token ids, and which of them are kept apart to validate on."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from jobs.lake.stage import StageError
from training.batches import Example
from training.benchmarks import word_problems
from training.prompts import response
from training.sft_records import NotARecord, Record, RecordFiles, Segment, record
from training.tokenizer import Tokenizer

GENERATED = "word_problems"


@dataclass(frozen=True)
class Split:
    """Records by side; a question is on one side only."""

    train: list[Record]
    validation: list[Record]


def read_records(files: RecordFiles, drop: Callable[[str, int], None]) -> list[Record]:
    """The records of files; `drop` is told the reason and number of the others. Raises StageError if there is none."""
    found, dropped = [], Counter[str]()
    for name, row in files.rows():
        try:
            found.append(record(row, name))
        except NotARecord as reason:
            dropped[str(reason)] += 1
    for why, count in sorted(dropped.items()):
        drop(why, count)
    if not found:
        raise StageError(
            f"--examples {', '.join(map(str, files.paths))}: no row is an example: {dict(dropped)}; a row is "
            '{"question": "...", "answer": "..."} or {"question": "...", "turns": [{"text": "..."}, ...]}'
        )
    return found


def generated(count: int, seed: int) -> list[Record]:
    """Word problems of the split that neither GRPO nor evaluation uses. Raises StageError where there are fewer."""
    try:
        questions = word_problems.examples("sft", count, seed)
    except ValueError as error:
        raise StageError(f"sft: {error}; lower the recipe's `examples` or give --examples") from error
    return [
        Record(f"{GENERATED}#{q.id}", q.question, (Segment(response(q.solution, q.answer), True),), "cot")
        for q in questions
    ]


def split(records: Sequence[Record], share: float, seed: int) -> Split:
    """Keep about this share of the questions apart, drawn by a hash of seed and question: a question's records stay
    together, whatever their number, order, white space and case."""
    keys = [_key(r.question, seed) for r in records]
    distinct = sorted(set(keys))
    held = set(distinct[: round(share * len(distinct))])
    train = [r for r, key in zip(records, keys, strict=True) if key not in held]
    return Split(train, [r for r, key in zip(records, keys, strict=True) if key in held])


def encode(
    records: Sequence[Record], tokenizer: Tokenizer, context: int, with_suffix: bool, drop: Callable[[str, int], None]
) -> list[Example]:
    """Chat examples as token ids, with the loss on the model's own tokens and the end; those longer than a row are
    counted and left out.

    Segments are encoded one by one, as they are in a rollout: a token never spans the border to the tool's output.
    """
    prompts = tokenizer.encode_many([r.prompt(with_suffix) for r in records])
    answers = iter(tokenizer.encode_many([s.text for r in records for s in r.segments]))
    examples = []
    for question, found in zip(prompts, records, strict=True):
        parts = [(question, False), *((next(answers), s.own) for s in found.segments), ([tokenizer.eos], True)]
        tokens = np.array([t for ids, _ in parts for t in ids], dtype=np.int64)
        counted = np.repeat([own for _, own in parts], [len(ids) for ids, _ in parts])
        examples.append(Example(tokens, counted[1:].astype(np.float32), found.name))
    kept = [e for e in examples if len(e.tokens) <= context + 1]
    if len(kept) < len(examples):
        drop("longer_than_context", len(examples) - len(kept))
    return kept


def _key(question: str, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed}:{' '.join(question.casefold().split())}".encode(), digest_size=16).digest()

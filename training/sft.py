"""Supervised fine-tuning on questions and worked answers (paper 3).

    python -m training.sft --recipe tiny
    python -m training.sft --recipe math_7b --examples examples.jsonl

Examples are `User: {question}\\n\\nAssistant: {answer}<eos>`, joined at random up to the context, with the loss on the
answers' tokens only. Left out on purpose: program of thought and tool-integrated examples.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jobs.lake.catalog import Lake
from jobs.lake.datasets import MODELS, Address
from jobs.lake.settings import Location
from jobs.lake.stage import Stage, StageError, sampled_digest
from training import dry_run, launch
from training.batches import Example, PackedExamples
from training.benchmarks import word_problems
from training.checkpoints import publish_model, read_model
from training.config import as_json
from training.engine import Engine
from training.launch import TrainingRun, TrainingSettings
from training.loop import Loop, train
from training.prompts import prompt, response
from training.tokenizer import Tokenizer


@dataclass(frozen=True)
class Sft(TrainingSettings):
    """Fine-tune the pretrained model on questions with worked answers (paper 3)."""

    examples: Location = ""
    """A file of examples, one JSON object a line: {"question": "...", "answer": "..."}, the answer worked out in steps
    and ending in what the model shall end in; empty: generated word problems."""


@dataclass(frozen=True)
class Pair:
    """A question and the text the model shall answer with, both without the chat's frame."""

    question: str
    answer: str


def reads(settings: Sft, lake: Lake) -> list[Address]:
    return [MODELS.at(settings.version, "pretrain")]


def writes(settings: Sft) -> list[Address]:
    return [MODELS.at(settings.version, "sft")]


def sources(settings: Sft) -> dict[str, str]:
    if not settings.examples:
        return {}
    path = Path(settings.examples)
    if not path.is_file():
        raise StageError(f"--examples {settings.examples}: there is no such file; give a file of JSON lines")
    return {path.name: sampled_digest([path])}


def sft(settings: Sft, run: TrainingRun) -> None:
    config = settings.plan.sft
    model, tokenizer = read_model(
        run.lake, MODELS.at(settings.version, "pretrain"), run.device, config.parallel.activation_checkpointing
    )
    if config.context > model.config.context:
        raise StageError(
            f"recipe {settings.recipe!r} packs examples to {config.context} tokens, the pretrained model has a context "
            f"of {model.config.context}"
        )
    pairs = (
        list(read_pairs(Path(settings.examples), run)) if settings.examples else generated(config.examples, settings)
    )
    examples = encode(pairs, tokenizer, config.context, run)
    rows = PackedExamples(examples, config.context, settings.seed)
    run.log(f"{len(examples):,} examples, {sum(int(e.weights.sum()) for e in examples):,} answer tokens")

    engine = Engine(model, config.optimizer, config.parallel, config.steps, run.ranks)
    metrics = train(run, engine, rows, Loop(config.steps, config.rows, config.saving, as_json(config)))
    weights = engine.weights()
    if run.ranks.first:
        publish_model(run, weights, model.config, tokenizer, as_json(config), metrics)
    run.count_in(len(pairs))
    run.figure("examples", len(examples))


def generated(count: int, settings: Sft) -> list[Pair]:
    """Word problems of the split that neither GRPO nor evaluation uses. Raises StageError where there are fewer."""
    try:
        questions = word_problems.examples("sft", count, settings.seed)
    except ValueError as error:
        raise StageError(f"sft: {error}; lower `examples` in recipe {settings.recipe!r} or give --examples") from error
    return [Pair(q.question, response(q.solution, q.answer)) for q in questions]


def read_pairs(path: Path, run: TrainingRun) -> Iterator[Pair]:
    """Pairs of a file of JSON lines; lines that are something else are counted, not lost. Raises StageError if none."""
    found = 0
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            pair = _pair(line)
            if pair is None:
                run.drop("not_an_example")
                continue
            found += 1
            yield pair
    if not found:
        raise StageError(f'--examples {path}: no line is {{"question": "...", "answer": "..."}}')


def _pair(line: str) -> Pair | None:
    try:
        record = json.loads(line)
        question, answer = record["question"], record["answer"]
    except (ValueError, KeyError, TypeError):
        return None
    if not (isinstance(question, str) and isinstance(answer, str) and question.strip() and answer.strip()):
        return None
    return Pair(question.strip(), " " + answer.strip())  # the prompt ends before the space


def encode(pairs: Sequence[Pair], tokenizer: Tokenizer, context: int, run: TrainingRun) -> list[Example]:
    """Chat examples as token ids; those longer than a row are counted and left out. Raises StageError if all are."""
    questions = tokenizer.encode_many([prompt(p.question) for p in pairs])
    answers = tokenizer.encode_many([p.answer for p in pairs])
    examples = []
    for question, answer in zip(questions, answers, strict=True):
        tokens = np.array([*question, *answer, tokenizer.eos], dtype=np.int64)
        if len(tokens) > context + 1:
            run.drop("longer_than_context")
            continue
        examples.append(Example(tokens, len(question)))
    if not examples:
        raise StageError(f"all {len(pairs)} examples are longer than the context of {context} tokens")
    return examples


STAGE = Stage(Sft, sft, writes=writes, reads=reads, sources=sources)

if __name__ == "__main__":
    launch.main(STAGE, lambda settings: dry_run.report("sft", settings.plan))

"""Greedy accuracy of a model on questions it was never trained on (paper 6), with every answer stored.

    python -m training.evaluate --model grpo --recipe tiny
    python -m training.evaluate --model sft --recipe math_7b --questions benchmarks/gsm8k/test.jsonl

The generated benchmark's split `test` is always asked; --questions adds files of published questions in GSM8K's layout.
Where the recipe says so, samples give Maj@K and Pass@K (paper 5.2.2). Left out on purpose: few-shot prompts, programs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import torch

from jobs.lake import tables
from jobs.lake.catalog import Lake
from jobs.lake.datasets import EVALUATIONS, MODELS, Address
from jobs.lake.settings import JsonValue, Location
from jobs.lake.stage import Stage
from training import dry_run, launch
from training.benchmarks import word_problems
from training.benchmarks.questions import Benchmark, Question, question_digests, read_benchmarks
from training.benchmarks.scoring import accuracy, majority, pass_at_k
from training.checkpoints import read_model
from training.config import EvaluateConfig
from training.grading import compare, grade
from training.launch import TrainingRun, TrainingSettings
from training.model import Decoder
from training.prompts import prompt
from training.rollout import Sampling, chunks, sample
from training.tokenizer import Tokenizer

TEST_SEED = 0
"""The test questions are the same for every --seed of training, so that models can be compared."""


@dataclass(frozen=True)
class Evaluate(TrainingSettings):
    """Ask a trained model the held-out questions and grade its answers (paper 6)."""

    model: Literal["pretrain", "sft", "grpo"] = "grpo"
    """Which stage's model is asked."""
    questions: Location = ""
    """A file or folder of further questions in GSM8K's layout."""


@dataclass(frozen=True)
class Answer:
    """One answer of the model and its verdict: the columns of the evaluations table."""

    benchmark: str
    item: str
    mode: str
    prompt: str
    answer: str
    extracted: str
    gold: str
    correct: bool
    rule: str


def reads(settings: Evaluate, lake: Lake) -> list[Address]:
    return [MODELS.at(settings.version, settings.model)]


def writes(settings: Evaluate) -> list[Address]:
    return [EVALUATIONS.at(settings.version, settings.model)]


def evaluate(settings: Evaluate, run: TrainingRun) -> None:
    config = settings.plan.evaluate
    model, tokenizer = read_model(run.lake, MODELS.at(settings.version, settings.model), run.device)
    test = word_problems.examples("test", config.questions, TEST_SEED)
    benchmarks = [Benchmark(word_problems.NAME, tuple(test))]
    benchmarks += read_benchmarks(settings.questions) if settings.questions else []
    answers: list[Answer] = []
    for benchmark in benchmarks:
        kind = torch.bfloat16 if config.precision == "bf16" else None
        with torch.autocast(run.device.type, kind, enabled=kind is not None):
            mine = list(ask(benchmark, model, tokenizer, settings, run))
        found = [a for of_rank in run.ranks.gather(mine) for a in of_rank]
        run.figure(benchmark.name, _figures(benchmark, found, run))
        run.count_in(len(benchmark.questions))
        answers += sorted(found, key=lambda a: (a.mode, a.item))
    if run.ranks.first:
        table = pa.Table.from_pylist([vars(a) for a in answers], schema=tables.EVALUATIONS)
        run.output(EVALUATIONS).write_table("part-00000.parquet", table)


def ask(
    benchmark: Benchmark, model: Decoder, tokenizer: Tokenizer, settings: Evaluate, run: TrainingRun
) -> Iterator[Answer]:
    """This rank's share of the answers: a greedy one for each question, and the recipe's samples."""
    config = settings.plan.evaluate
    mine = benchmark.questions[run.ranks.rank :: run.ranks.world]
    room = model.config.context - config.max_new_tokens
    short = [q for q in mine if len(tokenizer.encode(prompt(q.question, config.suffix))) <= room]
    run.drop("prompt_longer_than_context", round(run.ranks.total(len(mine) - len(short))))
    done = 0
    for number, part in enumerate(chunks(short, config.rows)):
        greedy = Sampling(config.max_new_tokens, temperature=0.0)
        yield from _answers(benchmark.name, "cot", part, model, tokenizer, greedy, config, 1, number)
        done += len(part)
        run.log(f"{benchmark.name}: {done:,} of {len(short):,} questions on this rank")
    if config.samples:
        sampling = Sampling(config.max_new_tokens, config.temperature)
        for number, part in enumerate(chunks(short, max(1, config.rows // config.samples))):
            seed = settings.seed + 1_000_003 * (number * run.ranks.world + run.ranks.rank)
            yield from _answers(
                benchmark.name, "sample", part, model, tokenizer, sampling, config, config.samples, seed
            )


def _answers(
    name: str,
    mode: str,
    questions: Sequence[Question],
    model: Decoder,
    tokenizer: Tokenizer,
    sampling: Sampling,
    config: EvaluateConfig,
    count: int,
    seed: int,
) -> Iterator[Answer]:
    texts = [prompt(q.question, config.suffix) for q in questions]
    outputs = sample(model, tokenizer.encode_many(texts), sampling, tokenizer.eos, seed, count, config.rows)
    for index, output in enumerate(outputs):
        question, text = questions[index // count], tokenizer.decode(output.tokens)
        verdict = grade(text, question.answer)
        yield Answer(
            name, question.id, mode, texts[index // count], text, verdict.answer, question.answer, verdict.correct,
            verdict.rule,
        )  # fmt: skip


def _figures(benchmark: Benchmark, answers: Sequence[Answer], run: TrainingRun) -> JsonValue:
    """Accuracy with its interval; Maj@K and Pass@K where samples were drawn."""
    greedy = [a for a in answers if a.mode == "cot"]
    if not greedy:
        return {"questions": 0}
    found = accuracy([a.correct for a in greedy])
    run.log(f"{benchmark.name}: accuracy {found}")
    figures: dict[str, JsonValue] = {
        "accuracy": round(found.value, 4),
        "low": round(found.low, 4),
        "high": round(found.high, 4),
        "right": found.right,
        "questions": found.questions,
    }
    by_item: dict[str, list[Answer]] = {}
    for answer in answers:
        if answer.mode == "sample":
            by_item.setdefault(answer.item, []).append(answer)
    if by_item:
        k = max(map(len, by_item.values()))
        votes = [compare(majority([a.extracted for a in g]), g[0].gold).correct for g in by_item.values()]
        passes = [pass_at_k(len(g), sum(a.correct for a in g), len(g)) for g in by_item.values()]
        figures |= {"k": k, "maj_at_k": round(sum(votes) / len(votes), 4)}
        figures |= {"pass_at_k": round(sum(passes) / len(passes), 4)}
        run.log(f"{benchmark.name}: Maj@{k} {figures['maj_at_k']}, Pass@{k} {figures['pass_at_k']}")
    return figures


STAGE = Stage(
    Evaluate, evaluate, writes=writes, reads=reads, sources=lambda settings: question_digests(settings.questions)
)

if __name__ == "__main__":
    launch.main(STAGE, lambda settings: dry_run.report("evaluate", settings.plan))

"""A fastText classifier for mathematical pages, trained on a round's examples (paper 2.1).

    python -m jobs.classifier --round 1

The paper's settings are the defaults. Two of them cannot work on a small seed corpus, so two rules scale them, and the
manifest lists what they changed under `deviations`:

- learning: what moves the scores is the learning rate times the number of examples shown. Three epochs over 500
  examples leave every score at 0.5, so below `min_learning` the rate becomes `small_lr`, with as many epochs as it
  takes. On seeds of four sites of eight, rates of 0.5 and 1 found the seeds of the other four alike, and 1 took half
  the time; 7,500 found 243 of 268 in four rounds, 2,500 found 224 (docs/figures.md).
- buckets: one n-gram bucket for four tokens of training text, rounded up to a power of two, never more than `bucket`:
  two million rows of dim 256 are 2 GB, most of them never touched.

Written are `linear.npy`, which recall scores with, `model.bin`, a small fastText model of the same scores for whoever
wants to use fastText itself, and `metrics.json`.

No Spark: fastText trains on one machine and, to give the same bytes twice, on one thread.
"""

import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import numpy as np

from jobs import rounds, runner
from jobs.fasttext_model import LABEL, Diverged, TrainingSettings, train
from jobs.lake.catalog import Lake
from jobs.lake.datasets import CLASSIFIER, SEEDS, Address
from jobs.lake.stage import Run, Stage, StageError, StageSettings
from jobs.metrics import area_under_curve, precision_recall, reliability
from jobs.text.hashing import draw, draw_share
from jobs.text.linear_model import LINEAR, LinearScorer, write_linear
from jobs.text.normalise import normalise
from jobs.web.urls import canonical_url

MODEL, METRICS = "model.bin", "metrics.json"
MATH = "math"
SMALLEST_BUCKET = 1 << 14
TOKENS_PER_BUCKET = 4
SHUFFLE_FILES = 16  # a million pages of text are shuffled in sixteenths, each of which fits in memory


@dataclass(frozen=True)
class Classifier(StageSettings):
    """Train the round's classifier and measure it on examples kept apart."""

    round: int = 1
    """Which round of recall the classifier is for."""
    dim: int = 256
    """Length of the word vectors (paper: 256)."""
    lr: float = 0.1
    """Learning rate at the start, falling to 0 (paper: 0.1)."""
    word_ngrams: int = 3
    """Longest word n-gram that is a feature (paper: 3)."""
    min_count: int = 3
    """Words seen less often are left out (paper: 3)."""
    epoch: int = 3
    """Passes over the examples (paper: 3), more where `min_learning` asks for it."""
    min_learning: float = 7_500.0
    """Least learning rate x examples x epochs (the paper's: 300,000); 0 keeps `lr` and `epoch` whatever the size."""
    small_lr: float = 1.0
    """Learning rate where the examples are too few for `min_learning`."""
    bucket: int = 2_000_000
    """At most so many hash buckets for n-grams (fastText's own default; the paper does not say)."""
    held_out: float = 0.1
    """Share of the examples kept apart for the metrics, chosen by address: the same pages in every round."""

    def __post_init__(self) -> None:
        rounds.check_round(self.round)


@dataclass(frozen=True)
class TrainingFile:
    """What was written for fastText."""

    path: Path
    examples: int
    tokens: int


def reads(settings: Classifier, lake: Lake) -> list[Address]:
    return [SEEDS.at(settings.version, settings.round)]


def classifier(settings: Classifier, run: Run) -> None:
    seeds = SEEDS.at(settings.version, settings.round)
    run.count_in(run.input(seeds).rows)
    with tempfile.TemporaryDirectory() as folder:
        learn, apart = split_examples(run, settings, Path(folder))
        chosen, deviations = scaled_settings(settings, learn.examples, learn.tokens)
        model, linear = Path(folder) / MODEL, Path(folder) / LINEAR
        try:
            trained = train(learn.path, Path(folder) / "whole.bin", chosen)
        except (Diverged, ValueError) as error:
            raise StageError(f"{run.name}: fastText cannot learn from {seeds}: {error}") from error
        trained.write(model)
        write_linear(linear, trained.words, trained.towards(LABEL + MATH), trained.word_ngrams)
        metrics = measure(LinearScorer(linear), apart)
        for path in (model, linear):
            run.output(CLASSIFIER).put(path.name, str(path))
    run.output(CLASSIFIER).write_json(
        METRICS, {"training": asdict(chosen), "examples": learn.examples, "tokens": learn.tokens, "held_out": metrics}
    )
    run.figure("held_out", metrics)
    run.figure("training", {**asdict(chosen), "examples": learn.examples, "tokens": learn.tokens})
    run.figure("deviations", list(deviations))
    for line in deviations:
        run.log(f"differs from the paper: {line}")
    shown = {k: v for k, v in metrics.items() if isinstance(v, int | float)}
    run.log("held out: " + ", ".join(f"{k} {v:.3f}" if isinstance(v, float) else f"{k} {v}" for k, v in shown.items()))


def scaled_settings(settings: Classifier, examples: int, tokens: int) -> tuple[TrainingSettings, list[str]]:
    """Settings that fit the amount of data, and what was changed of the paper's, by the module's rules."""
    lr, epoch = settings.lr, settings.epoch
    if lr * epoch * examples < settings.min_learning:
        lr = max(lr, settings.small_lr)
        epoch = max(epoch, math.ceil(settings.min_learning / (lr * examples)))
    bucket = min(settings.bucket, max(SMALLEST_BUCKET, 1 << math.ceil(math.log2(max(1, tokens / TOKENS_PER_BUCKET)))))
    deviations = []
    if (lr, epoch) != (settings.lr, settings.epoch):
        deviations.append(
            f"learning rate {lr} and {epoch} epochs instead of {settings.lr} and {settings.epoch}: "
            f"{examples:,} examples"
        )
    if bucket != settings.bucket:
        deviations.append(
            f"{bucket:,} n-gram buckets instead of {settings.bucket:,}: {tokens:,} tokens of training text"
        )
    scaled = TrainingSettings(settings.dim, lr, settings.word_ngrams, settings.min_count, epoch, bucket)
    return scaled, deviations


def split_examples(run: Run, settings: Classifier, folder: Path) -> tuple[TrainingFile, list[tuple[str, bool]]]:
    """Write the training file, shuffled, and return the examples kept apart as (normalised text, is mathematics).

    fastText reads in file order, so positives after negatives would spoil its falling learning rate. The shuffle sorts
    by a draw from the address: a rerun, or the same rows in other files, give the same order.
    Raises StageError where one kind of example is missing.
    """
    apart: list[tuple[str, str, bool]] = []
    kinds: set[str] = set()
    tokens = 0
    files = [(folder / f"shuffle-{n:02d}").open("w", encoding="utf-8") for n in range(SHUFFLE_FILES)]
    for key, label, line in _examples(run, settings):
        if draw_share("held out", key) < settings.held_out:
            apart.append((key, line, label == MATH))
            continue
        kinds.add(label)
        tokens += line.count(" ") + 1
        _put(files, draw("shuffle", key), f"{LABEL}{label} {line}")
    for file in files:
        file.close()
    if len(kinds) < 2:
        raise StageError(
            f"{run.name}: only {' and '.join(sorted(kinds)) or 'no'} examples to learn from in "
            f"{SEEDS.at(settings.version, settings.round)} (those with text, less {settings.held_out:.0%} held out); "
            "give more seeds (--seeds) or more pages"
        )
    path = folder / "examples.txt"
    return TrainingFile(path, _join([Path(f.name) for f in files], path), tokens), [row[1:] for row in sorted(apart)]


def _examples(run: Run, settings: Classifier) -> Iterator[tuple[str, str, str]]:
    """(key, label, normalised text) of all examples that have text."""
    for batch in run.lake.read_batches(SEEDS.at(settings.version, settings.round), ["url", "text", "label"]):
        for url, text, label in zip(*(batch.column(c).to_pylist() for c in ("url", "text", "label")), strict=True):
            line = normalise(text)
            if line:
                yield canonical_url(url) or url, label, line
            else:
                run.drop("no_text")


def _put(files: Sequence[IO[str]], number: int, line: str) -> None:
    files[number % len(files)].write(f"{number:020d} {line}\n")


def _join(parts: Sequence[Path], path: Path) -> int:
    """Sort each part by its leading number and write the lines without it; returns lines."""
    written = 0
    with path.open("w", encoding="utf-8") as out:
        for part in parts:
            with part.open(encoding="utf-8", newline="\n") as source:
                lines = sorted(source)
            out.writelines(line.partition(" ")[2] for line in lines)
            written += len(lines)
            part.unlink()
    return written


def measure(scorer: LinearScorer, examples: Sequence[tuple[str, bool]]) -> dict[str, object]:
    """Held-out precision and recall at 0.5, AUC, and how well scores are probabilities.

    Negatives are random pages, some of them mathematics: precision here is a lower bound. Empty where nothing was held
    out, or only one kind.
    """
    truth = np.array([positive for _, positive in examples], bool)
    if not truth.any() or truth.all():
        return {"examples": len(examples)}
    scores = scorer.score([line for line, _ in examples])
    precision, recall = precision_recall(truth, scores >= 0.5)
    return {"examples": len(examples), "positives": int(truth.sum()), "auc": area_under_curve(truth, scores),
            "precision": precision, "recall": recall, "reliability": reliability(truth, scores)}  # fmt: skip


STAGE = Stage(Classifier, classifier, writes=lambda s: [CLASSIFIER.at(s.version, s.round)], reads=reads)

if __name__ == "__main__":
    runner.run(STAGE)

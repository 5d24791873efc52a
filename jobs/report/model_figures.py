"""What training did: curves of every stage, and the accuracy of each model with its interval."""

import json
import math
from collections import defaultdict
from dataclasses import dataclass

from jobs.lake.datasets import EVALUATIONS, MODELS
from jobs.report.charts import Series
from jobs.report.counts import real
from jobs.report.inputs import EVALUATED_STAGES, MODEL_STAGES, Inputs

METRICS = "metrics.jsonl"
POINTS = 300  # of a curve; each stands for the mean of equally many steps
Z_95 = 1.959964


@dataclass(frozen=True)
class Training:
    """One stage of training: its curves by metric, and the mean of each over the first and last tenth of the steps."""

    stage: str
    steps: int
    seconds: float
    curves: tuple[Series, ...]
    first: dict[str, float]
    last: dict[str, float]
    said: dict[str, float]
    """The single numbers that the stage noted: parameters, held-out accuracy of a reward model."""


@dataclass(frozen=True)
class Accuracy:
    """One model on one benchmark in one mode; low and high bound the 95% interval (Wilson).

    Several answers to one question are not independent, so the interval counts questions, whatever the answers: right
    for one answer a question, wide rather than narrow for more.
    """

    benchmark: str
    mode: str
    stage: str
    questions: int
    answers: int
    correct: int
    accuracy: float
    low: float
    high: float


def training(inputs: Inputs) -> tuple[Training, ...]:
    """The finished models in the order of training."""
    found = []
    for stage in _in_order(inputs, MODELS.name, MODEL_STAGES):
        address = MODELS.at(inputs.version, stage)
        manifest = inputs.find(address)
        assert manifest is not None, "the stage's name came from its manifest"
        values: dict[str, list[tuple[float, float]]] = defaultdict(list)
        steps = 0
        if any(f.name == METRICS for f in manifest.files):
            for line in inputs.lake.storage.read(f"{address.folder}/{METRICS}").splitlines():
                record = json.loads(line)
                steps = max(steps, int(record["step"]))
                for name, given in record.items():
                    if name != "step" and (value := real(given)) is not None:
                        values[name].append((record["step"], value))
        curves = tuple(Series(name, thinned(points)) for name, points in values.items())
        ends = {name: _ends(points) for name, points in values.items()}
        first, last = ({name: pair[side] for name, pair in ends.items()} for side in (0, 1))
        said = {
            n: value for n, given in manifest.figures.items() if n != "steps" and (value := real(given)) is not None
        }
        found.append(Training(stage, steps, manifest.seconds, curves, first, last, said))
    return tuple(found)


def accuracies(inputs: Inputs) -> tuple[Accuracy, ...]:
    """By benchmark and mode, then in the order of training."""
    stages = _in_order(inputs, EVALUATIONS.name, EVALUATED_STAGES)
    verdicts: dict[tuple[str, str, str], list[tuple[str, bool]]] = defaultdict(list)
    for stage in stages:
        columns = ["benchmark", "mode", "item", "correct"]
        for batch in inputs.lake.read_batches(EVALUATIONS.at(inputs.version, stage), columns, "corpus_report"):
            for row in batch.to_pylist():
                verdicts[row["benchmark"], row["mode"], stage].append((row["item"], row["correct"]))
    ordered = sorted(verdicts.items(), key=lambda entry: (entry[0][0], entry[0][1], stages.index(entry[0][2])))
    return tuple(_accuracy(*key, given) for key, given in ordered)


def _accuracy(benchmark: str, mode: str, stage: str, verdicts: list[tuple[str, bool]]) -> Accuracy:
    questions, correct = len({item for item, _ in verdicts}), sum(right for _, right in verdicts)
    share = correct / len(verdicts)
    return Accuracy(benchmark, mode, stage, questions, len(verdicts), correct, share, *wilson(share, questions))


def wilson(share: float, items: int) -> tuple[float, float]:
    """The 95% score interval of a proportion (Wilson 1927): sound near 0 and 1 and for few items."""
    square = Z_95**2
    centre = (share + square / (2 * items)) / (1 + square / items)
    half = Z_95 / (1 + square / items) * math.sqrt(share * (1 - share) / items + square / (4 * items**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def thinned(points: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """At most POINTS points: means of equally many neighbours, at the last step of each group."""
    size = math.ceil(len(points) / POINTS)
    groups = [points[i : i + size] for i in range(0, len(points), size or 1)]
    return tuple((group[-1][0], sum(y for _, y in group) / len(group)) for group in groups)


def _ends(points: list[tuple[float, float]]) -> tuple[float, float]:
    tenth = max(1, len(points) // 10)
    first, last = points[:tenth], points[-tenth:]
    return sum(y for _, y in first) / tenth, sum(y for _, y in last) / tenth


def _in_order(inputs: Inputs, dataset: str, known: tuple[str, ...]) -> list[str]:
    """The finished stages of a dataset: known ones in the order of training, then others by name."""
    parts = [address.rpartition("=")[2] for address in inputs.manifests if address.startswith(f"{dataset}/")]
    return sorted(parts, key=lambda p: (known.index(p) if p in known else len(known), p))

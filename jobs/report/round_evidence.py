"""What a round of recall shows for its choice: how well scores are probabilities, what it gained, pages at its cut, and
what a person made of its pages."""

import json
from dataclasses import dataclass

from jobs.lake.datasets import CLASSIFIER, JUDGEMENTS, RECALLED
from jobs.lake.manifest import Manifest
from jobs.recalled_pages import MARGINAL
from jobs.report.counts import real, whole
from jobs.report.inputs import Inputs

NEAREST = 5  # pages shown on either side of the cut


@dataclass(frozen=True)
class ScoreBin:
    """Held-out examples of one range of scores: of well calibrated ones mean score and share of positives agree."""

    mean_score: float
    positives: float
    count: int


@dataclass(frozen=True)
class Gained:
    """A domain and what of it the round before did not keep."""

    domain: str
    new_pages: int
    new_tokens: int


@dataclass(frozen=True)
class AtCut:
    """A page next to the cut."""

    kept: bool
    score: float
    url: str


@dataclass(frozen=True)
class Judged:
    """Precision as estimated from judged pages, with its 95% interval."""

    precision: float
    low: float
    high: float
    judged: int
    reviewer: str


@dataclass(frozen=True)
class Evidence:
    """Empty or None where the round's step is not finished or did not say."""

    reliability: tuple[ScoreBin, ...] = ()
    gained: tuple[Gained, ...] = ()
    at_cut: tuple[AtCut, ...] = ()
    judged: Judged | None = None


def evidence(inputs: Inputs, number: int) -> Evidence:
    classifier, recall, judged = (inputs.find(d.at(inputs.version, number)) for d in (CLASSIFIER, RECALLED, JUDGEMENTS))
    return Evidence(_reliability(classifier), _gained(recall), _at_cut(inputs, number, recall), _judged(judged))


def _reliability(classifier: Manifest | None) -> tuple[ScoreBin, ...]:
    held_out = classifier.figures.get("held_out") if classifier else None
    rows = held_out.get("reliability") if isinstance(held_out, dict) else None
    return tuple(ScoreBin(float(r["mean_score"]), float(r["positives"]), int(r["count"])) for r in rows or ())


def _gained(recall: Manifest | None) -> tuple[Gained, ...]:
    rows = recall.figures.get("domains_gained") if recall else None
    return tuple(Gained(**row) for row in rows) if isinstance(rows, list) else ()


def _at_cut(inputs: Inputs, number: int, recall: Manifest | None) -> tuple[AtCut, ...]:
    if recall is None or MARGINAL not in {f.name for f in recall.files}:
        return ()
    lines = inputs.lake.storage.read(f"{RECALLED.at(inputs.version, number)}/{MARGINAL}").decode().splitlines()
    pages = [AtCut(row["kept"], row["score"], row["url"]) for row in map(json.loads, lines)]
    return (*[p for p in pages if p.kept][-NEAREST:], *[p for p in pages if not p.kept][:NEAREST])


def _judged(manifest: Manifest | None) -> Judged | None:
    said = manifest.figures if manifest else {}
    precision, low, high = (real(said.get(name)) for name in ("precision", "low", "high"))
    if precision is None or low is None or high is None:
        return None
    return Judged(precision, low, high, whole(said.get("judged")) or 0, str(said.get("reviewer")))

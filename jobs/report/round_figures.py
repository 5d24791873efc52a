"""What the rounds of recall did: examples, classifier, pages and tokens kept, domains found and decided on."""

import heapq
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pyarrow.compute as pc

from jobs.decisions import read_standing
from jobs.lake.datasets import APPROVALS, CLASSIFIER, DOMAINS, RECALLED, SEEDS
from jobs.lake.manifest import Manifest
from jobs.lake.settings import JsonValue
from jobs.report.counts import add, real, whole
from jobs.report.inputs import Inputs
from jobs.report.round_evidence import Evidence, evidence

TOP_DOMAINS = 40
PREFIXES_SHOWN = 6


@dataclass(frozen=True)
class Round:
    """One round of recall; None where its step is not finished or did not say."""

    round: int
    positives: int | None = None
    negatives: int | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    """Held-out metrics of the round's classifier."""
    pages: int | None = None
    tokens: int | None = None
    new_pages: int | None = None
    new_tokens: int | None = None
    new_share: float | None = None
    threshold: float | None = None
    saturated: bool | None = None
    score_histogram: tuple[int, ...] = ()
    domains: int | None = None
    """Mathematical domains."""
    approved: int | None = None
    rejected: int | None = None
    deviations: tuple[str, ...] = ()
    """What was done otherwise than in the paper, as the stages said."""
    evidence: Evidence = Evidence()


@dataclass(frozen=True)
class Prefix:
    prefix: str
    pages: int
    recalled: int
    share: float
    decision: str
    """approve, reject, or '' where nobody decided."""


@dataclass(frozen=True)
class Domain:
    """A mathematical domain of the last round."""

    domain: str
    pages: int
    recalled: int
    share: float
    tokens: int
    prefixes: tuple[Prefix, ...]
    more_prefixes: int


@dataclass(frozen=True)
class Domains:
    round: int
    mathematical: int
    all: int
    shown: tuple[Domain, ...]


def rounds(inputs: Inputs) -> tuple[Round, ...]:
    """Every round that has begun, in order."""
    numbers = {int(a.part) for d in (SEEDS, CLASSIFIER, RECALLED, DOMAINS, APPROVALS) for a, _ in inputs.parts(d)}
    return tuple(_round(inputs, n) for n in sorted(numbers))


def domains(inputs: Inputs) -> Domains | None:
    """The mathematical domains of the last round with most tokens, their prefixes and what was decided."""
    parts = inputs.parts(DOMAINS)
    if not parts:
        return None
    address, manifest = parts[-1]
    decisions = _decisions(inputs)
    largest: list[dict[str, Any]] = []
    mathematical = 0
    columns = ["domain", "pages", "recalled", "share", "tokens", "mathematical", "prefixes"]
    for batch in inputs.lake.read_batches(address, columns, "corpus_report"):
        chosen = batch.filter(batch.column("mathematical"))
        mathematical += chosen.num_rows
        candidates = [*largest, *chosen.to_pylist()]
        largest = heapq.nsmallest(TOP_DOMAINS, candidates, key=lambda row: (-row["tokens"], row["domain"]))
    shown = tuple(_domain(row, decisions) for row in largest)
    return Domains(int(address.part), mathematical, manifest.rows, shown)


def _round(inputs: Inputs, number: int) -> Round:
    seeds, classifier, recall, approvals = (
        inputs.find(d.at(inputs.version, number)) for d in (SEEDS, CLASSIFIER, RECALLED, APPROVALS)
    )
    said: dict[str, JsonValue] = recall.figures if recall else {}
    labels, decisions = Counter[str](), Counter[str]()
    if seeds:
        for batch in inputs.lake.read_batches(SEEDS.at(inputs.version, number), ["label"], "corpus_report"):
            add(labels, batch.column("label"))
    if approvals:
        add(decisions, inputs.lake.read_table(APPROVALS.at(inputs.version, number), ["decision"])["decision"])
    histogram = said.get("score_histogram")
    return Round(
        round=number,
        positives=labels["math"] if seeds else None,
        negatives=labels["other"] if seeds else None,
        metrics=_metrics(classifier),
        pages=recall.rows if recall else None,
        tokens=whole(said.get("tokens")),
        new_pages=whole(said.get("new_pages")),
        new_tokens=whole(said.get("new_tokens")),
        new_share=real(said.get("new_share")),
        threshold=real(said.get("threshold")),
        saturated=bool(said["saturated"]) if "saturated" in said else None,
        score_histogram=tuple(int(n) for n in histogram) if isinstance(histogram, list) else (),
        domains=_mathematical(inputs, number),
        approved=decisions["approve"] if approvals else None,
        rejected=decisions["reject"] if approvals else None,
        deviations=_deviations(seeds, classifier),
        evidence=evidence(inputs, number),
    )


def _metrics(manifest: Manifest | None) -> dict[str, float]:
    """The single numbers among the classifier's held-out metrics."""
    held_out = manifest.figures.get("held_out") if manifest else None
    given = held_out if isinstance(held_out, dict) else {}
    return {name: number for name, value in given.items() if (number := real(value)) is not None}


def _deviations(*manifests: Manifest | None) -> tuple[str, ...]:
    lists = [m.figures.get("deviations") for m in manifests if m]
    return tuple(str(line) for found in lists if isinstance(found, list) for line in found)


def _mathematical(inputs: Inputs, number: int) -> int | None:
    address = DOMAINS.at(inputs.version, number)
    if inputs.find(address) is None:
        return None
    batches = inputs.lake.read_batches(address, ["mathematical"], "corpus_report")
    return sum(pc.sum(b.column("mathematical")).as_py() or 0 for b in batches)


def _decisions(inputs: Inputs) -> dict[str, str]:
    """Prefix -> the decision that stands."""
    standing = read_standing(inputs.lake, [address for address, _ in inputs.parts(APPROVALS)])
    return {prefix: found.decision for prefix, found in standing.items()}


def _domain(row: dict[str, Any], decisions: dict[str, str]) -> Domain:
    prefixes = [
        Prefix(p["prefix"], p["pages"], p["recalled"], p["share"], decisions.get(p["prefix"], ""))
        for p in row["prefixes"]
    ]
    values = {name: row[name] for name in ("domain", "pages", "recalled", "share", "tokens")}
    return Domain(**values, prefixes=tuple(prefixes[:PREFIXES_SHOWN]),
                  more_prefixes=max(0, len(prefixes) - PREFIXES_SHOWN))  # fmt: skip

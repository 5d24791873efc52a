"""What became of the recalled pages: duplicates, contamination, the corpus, its token shards."""

import json
from collections import Counter
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from jobs.lake.datasets import COMMON_PHRASES, CONTAMINATION, CORPUS, DEDUPED, SHARDS
from jobs.report.counts import Count, add, add_sums, top
from jobs.report.crawl_figures import data_docs, quality_warnings
from jobs.report.inputs import Inputs

SAMPLES, PHRASES = 3, 10
PAPER_MIXTURE = {"math": 0.56, "code": 0.20, "arxiv": 0.10, "natural_language": 0.10, "algebraic_stack": 0.04}
"""Shares of the training tokens by source (paper 2.2)."""


@dataclass(frozen=True)
class Dedup:
    pages: int
    kept: int
    reasons_kept: tuple[Count, ...]
    reasons_removed: tuple[Count, ...]
    losing_domains: tuple[str, ...]
    """Domains that lost more than the set share of their pages."""


@dataclass(frozen=True)
class Hit:
    url: str
    item: str
    matched: str
    rule: str


@dataclass(frozen=True)
class Contamination:
    """What pages share with one benchmark."""

    benchmark: str
    hits: int
    pages: int
    items: int
    samples: tuple[Hit, ...]


@dataclass(frozen=True)
class Phrase:
    """A phrase that the guard spared, and what was counted of it."""

    phrase: str
    reason: str
    pages: int
    domains: int
    items: int


@dataclass(frozen=True)
class Corpus:
    pages: int
    tokens: int
    languages: tuple[Count, ...]
    domains: tuple[Count, ...]
    """By tokens."""
    domain_count: int
    rounds: tuple[Count, ...]
    warnings: tuple[str, ...]
    data_docs: str


@dataclass(frozen=True)
class Source:
    """One source of the training mixture."""

    source: str
    documents: int
    tokens: int
    share: float
    paper_share: float | None


def dedup(inputs: Inputs) -> Dedup | None:
    address = DEDUPED.at(inputs.version)
    manifest = inputs.find(address)
    if manifest is None:
        return None
    kept, removed = Counter[str](), Counter[str]()
    for batch in inputs.lake.read_batches(address, ["survives", "reason"], "corpus_report"):
        survives = batch.column("survives")
        add(kept, batch.filter(survives).column("reason"))
        add(removed, batch.filter(pc.invert(survives)).column("reason"))
    losing = manifest.figures.get("losing_domains")
    named = tuple(map(str, losing)) if isinstance(losing, list) else ()
    return Dedup(manifest.rows, sum(kept.values()), top(kept), top(removed), named)


def contamination(inputs: Inputs) -> tuple[Contamination, ...]:
    """Hits by benchmark, with the first few in the table's order."""
    address = CONTAMINATION.at(inputs.version)
    if inputs.find(address) is None:
        return ()
    hits = Counter[str]()
    seen: dict[str, tuple[set[str], set[str], list[Hit]]] = {}
    for batch in inputs.lake.read_batches(address, None, "corpus_report"):
        for row in batch.to_pylist():
            hits[row["benchmark"]] += 1
            page_ids, items, samples = seen.setdefault(row["benchmark"], (set(), set(), []))
            if len(samples) < SAMPLES and row["page_id"] not in page_ids:
                samples.append(Hit(row["url"], row["item"], row["matched"], row["rule"]))
            page_ids.add(row["page_id"])
            items.add(row["item"])
    return tuple(
        Contamination(name, hits[name], len(page_ids), len(items), tuple(samples))
        for name, (page_ids, items, samples) in sorted(seen.items())
    )


def common_phrases(inputs: Inputs) -> tuple[Phrase, ...]:
    """The spared phrases on most pages."""
    address = COMMON_PHRASES.at(inputs.version)
    if inputs.find(address) is None:
        return ()
    columns = ["phrase", "reason", "pages", "domains", "items"]
    rows = inputs.lake.read_table(address, columns, "corpus_report").to_pylist()
    return tuple(Phrase(**row) for row in sorted(rows, key=lambda r: (-r["pages"], r["phrase"]))[:PHRASES])


def corpus(inputs: Inputs) -> Corpus | None:
    address = CORPUS.at(inputs.version)
    manifest = inputs.find(address)
    if manifest is None:
        return None
    languages, by_domain, by_round = Counter[str](), Counter[str](), Counter[str]()
    tokens = 0
    for batch in inputs.lake.read_batches(address, ["language", "domain", "tokens", "round"], "corpus_report"):
        add(languages, batch.column("language"))
        add(by_round, pc.cast(batch.column("round"), pa.string()))
        add_sums(by_domain, batch.column("domain"), batch.column("tokens"))
        tokens += pc.sum(batch.column("tokens")).as_py() or 0
    first = tuple(sorted(top(by_round), key=lambda c: int(c.name)))
    docs = data_docs(address, manifest)
    return Corpus(manifest.rows, tokens, top(languages), top(by_domain), len(by_domain), first,
                  quality_warnings(manifest), docs)  # fmt: skip


def sources(inputs: Inputs) -> tuple[Source, ...]:
    """The token shards by source, most tokens first."""
    parts = inputs.parts(SHARDS)
    info = {a.part: json.loads(inputs.lake.storage.read(f"{a.folder}/info.json")) for a, _ in parts}
    total = sum(i["tokens"] for i in info.values()) or 1
    found = [Source(n, i["documents"], i["tokens"], i["tokens"] / total, PAPER_MIXTURE.get(n)) for n, i in info.items()]
    return tuple(sorted(found, key=lambda s: (-s.tokens, s.source)))

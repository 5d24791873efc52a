"""Finds benchmark texts in other texts: the n-gram index with the names of the items that its texts belong to."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from jobs.lake.benchmarks import BenchmarkItem
from jobs.text.ngrams import GramIndex, words

if TYPE_CHECKING:
    from pyspark.broadcast import Broadcast

Batches = Iterator[pa.RecordBatch]

BENCHMARK_TEXTS = "benchmarks.jsonl"
"""The file beside the hits that holds the texts searched for, so that other sources are searched for the same."""

HITS = pa.schema([
    ("page_id", pa.string()), ("url", pa.string()), ("benchmark", pa.string()), ("item", pa.string()),
    ("matched", pa.string()), ("rule", pa.string()),
])  # fmt: skip


@dataclass(frozen=True)
class BenchmarkText:
    """A question or a worked solution of a benchmark item."""

    benchmark: str
    item: str
    text: str


@dataclass(frozen=True)
class Hit:
    """A benchmark item found in a text."""

    benchmark: str
    item: str
    matched: str
    """The shared words: ten of them, or the whole short text."""
    rule: str


@dataclass(frozen=True)
class ContaminationIndex:
    """The n-grams of all benchmark texts; built in the driver, read by every task."""

    texts: tuple[BenchmarkText, ...]
    grams: GramIndex

    @classmethod
    def build(cls, texts: Iterable[BenchmarkText]) -> "ContaminationIndex":
        kept = tuple(texts)
        return cls(kept, GramIndex.build([t.text for t in kept]))

    def hits(self, text: str) -> list[Hit]:
        """Every item of which the text holds a 10-gram, or a short text as a whole; one hit an item, the first."""
        found: dict[tuple[str, str], Hit] = {}
        page = words(text)
        for match in sorted(self.grams.matches(page), key=lambda m: (m.start, m.text)):
            owner = self.texts[match.text]
            hit = Hit(owner.benchmark, owner.item, page.joined(match.start, match.words), match.rule)
            found.setdefault((owner.benchmark, owner.item), hit)
        return [found[key] for key in sorted(found)]


def benchmark_texts(items: Iterable[BenchmarkItem]) -> list[BenchmarkText]:
    """The texts of items, each once a benchmark: some files repeat a question for every answer option."""
    seen: dict[tuple[str, str], BenchmarkText] = {}
    for item in items:
        for text in item.texts:
            seen.setdefault((item.benchmark, text), BenchmarkText(item.benchmark, item.item, text))
    return list(seen.values())


def to_lines(texts: Iterable[BenchmarkText]) -> bytes:
    """The texts as JSON lines, for BENCHMARK_TEXTS."""
    return b"".join(json.dumps(vars(t)).encode() + b"\n" for t in texts)


def from_lines(data: bytes) -> list[BenchmarkText]:
    return [BenchmarkText(**json.loads(line)) for line in data.split(b"\n") if line]


def hit_finder(index: "Broadcast[ContaminationIndex]") -> Callable[[Batches], Batches]:
    """What a task does: (page_id, url, text) -> a row of HITS for every item found in a page."""

    def find_hits(batches: Batches) -> Batches:
        for batch in batches:
            rows = []
            for page in batch.to_pylist():
                place = {"page_id": page["page_id"], "url": page["url"]}
                rows += [{**place, **vars(hit)} for hit in index.value.hits(page["text"])]
            yield pa.RecordBatch.from_pylist(rows, HITS)

    return find_hits

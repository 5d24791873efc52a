"""Finds benchmark texts in other texts: the n-gram index with the names of the items that its texts belong to.

Two readings of a text: `paper`, words as white space parts them, and `maths`, what formulas and questions say however
they are written down (jobs.text.maths_reading).
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import pyarrow as pa

from jobs.lake.benchmarks import BenchmarkItem
from jobs.text.gram_index import GramIndex
from jobs.text.maths_reading import read_maths
from jobs.text.plain_reading import read_plain
from jobs.text.reading import ReadText
from jobs.text.sequences import is_counting

if TYPE_CHECKING:
    from pyspark.broadcast import Broadcast

Batches = Iterator[pa.RecordBatch]
Mode = Literal["maths", "paper"]

READINGS: dict[str, Callable[[str], ReadText]] = {"maths": read_maths, "paper": read_plain}

BENCHMARK_TEXTS = "benchmarks.jsonl"
"""The file beside the hits that holds what was searched for, so that other sources are searched for the same."""

SHARED = pa.schema([
    ("page_id", pa.string()), ("url", pa.string()), ("domain", pa.string()), ("benchmark", pa.string()),
    ("item", pa.string()), ("phrase", pa.string()), ("rule", pa.string()), ("words", pa.int64()),
    ("start", pa.int64()), ("end", pa.int64()), ("passage", pa.string()), ("share", pa.float64()),
    ("context", pa.string()),
])  # fmt: skip


@dataclass(frozen=True)
class BenchmarkText:
    """A question or a worked solution of a benchmark item."""

    benchmark: str
    item: str
    text: str


class Shared(NamedTuple):
    """A run of words that a page shares with a benchmark text, as long as it goes."""

    benchmark: str
    item: str
    phrase: str
    """The shared words as they were compared, a space between two."""
    rule: str
    words: int
    start: int
    """First character of the run in the page's text."""
    end: int
    """Last character + 1."""
    passage: str
    """The page's text from start to end."""
    share: float
    """Of the benchmark text's words, how many the run holds; 0 to 1."""
    context: str
    """What stands around the phrase in the benchmark text: copies of an item have one context, other items others."""


@dataclass(frozen=True)
class ContaminationIndex:
    """The n-grams of all benchmark texts; built in the driver, read by every task."""

    mode: Mode
    texts: tuple[BenchmarkText, ...]
    common: frozenset[str]
    """Phrases that condemn nothing: see jobs.common_phrases."""
    guard: bool
    """Counting condemns nothing either."""
    grams: GramIndex

    @classmethod
    def build(
        cls, texts: Iterable[BenchmarkText], mode: Mode = "maths", common: Iterable[str] = (), guard: bool = True
    ) -> "ContaminationIndex":
        kept = tuple(texts)
        read = READINGS[mode]
        return cls(mode, kept, frozenset(common), guard, GramIndex.build([read(t.text) for t in kept]))

    def shared(self, text: str) -> list[Shared]:
        """All that a text shares with benchmark texts, common phrases too; a phrase once for each item."""
        page = READINGS[self.mode](text)
        found: dict[tuple[str, str, str], Shared] = {}
        phrases: dict[tuple[int, int], str] = {}  # copies of an item share the same words
        for run in self.grams.runs(page):
            owner = self.texts[run.text]
            phrase = phrases.get((run.start, run.words)) or page.joined(run.start, run.words)
            phrases[run.start, run.words] = phrase
            if (owner.benchmark, owner.item, phrase) not in found:
                start, end = int(page.starts[run.start]), int(page.ends[run.start + run.words - 1])
                found[owner.benchmark, owner.item, phrase] = Shared(
                    owner.benchmark, owner.item, phrase, run.rule, run.words, start, end, text[start:end],
                    run.words / self.grams.length(run.text), self.grams.context(run),
                )  # fmt: skip
        return list(found.values())

    def hits(self, text: str) -> list[Shared]:
        """What condemns a text: the longest run it shares with each item, common phrases and counting left out."""
        return longest(s for s in self.shared(text) if not self.spares(s.phrase))

    def spares(self, phrase: str) -> bool:
        return phrase in self.common or (self.guard and is_counting(phrase.split(" ")))

    def to_lines(self) -> bytes:
        """What was searched for and how, for BENCHMARK_TEXTS: a line of settings, then a text a line."""
        head = {"mode": self.mode, "guard": self.guard, "common": sorted(self.common)}
        return b"".join(json.dumps(row).encode() + b"\n" for row in [head, *map(vars, self.texts)])

    @classmethod
    def from_lines(cls, data: bytes) -> "ContaminationIndex":
        """The index whose `to_lines` these are."""
        head, *rows = [json.loads(line) for line in data.split(b"\n") if line]
        return cls.build([BenchmarkText(**row) for row in rows], head["mode"], head["common"], head["guard"])


def longest(shared: Iterable[Shared]) -> list[Shared]:
    """The longest run for each item, the first of equal ones, ordered by benchmark and item."""
    best: dict[tuple[str, str], Shared] = {}
    for run in sorted(shared, key=lambda s: (s.benchmark, s.item, -s.words, s.start)):
        best.setdefault((run.benchmark, run.item), run)
    return list(best.values())


def benchmark_texts(items: Iterable[BenchmarkItem]) -> list[BenchmarkText]:
    """The texts of items, each once a benchmark: some files repeat a question for every answer option."""
    seen: dict[tuple[str, str], BenchmarkText] = {}
    for item in items:
        for text in item.texts:
            seen.setdefault((item.benchmark, text), BenchmarkText(item.benchmark, item.item, text))
    return list(seen.values())


def shared_finder(index: "Broadcast[ContaminationIndex]") -> Callable[[Batches], Batches]:
    """What a task does: (page_id, url, domain, text) -> a row of SHARED for everything that a page shares."""

    def find_shared(batches: Batches) -> Batches:
        for batch in batches:
            rows = []
            for page in batch.to_pylist():
                place = {name: page[name] for name in ("page_id", "url", "domain")}
                rows += [{**place, **s._asdict()} for s in index.value.shared(page["text"])]
            yield pa.RecordBatch.from_pylist(rows, SHARED)

    return find_shared

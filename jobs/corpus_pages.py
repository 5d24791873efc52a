"""The surviving pages with their texts, and what the version that this one goes on from knows of them.

A page that stands in the base's corpus is taken from there; the crawls of the base are read only for pages that were
not in it, when their turn comes: the copy of a page that has left, a page that is no longer contaminated.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from jobs import spark_tables
from jobs.contamination import BENCHMARK_TEXTS, SHARED, ContaminationIndex
from jobs.lake import tables
from jobs.lake.datasets import CONTAMINATION, CORPUS, DEDUPED, MATH_PAGES
from jobs.page_frames import pages_of
from jobs.runner import SparkRun
from jobs.versions import base_of, earlier_crawls, own_crawls

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

FOUND = "shared.jsonl"
"""The file beside the hits with everything that pages share with benchmark texts: rows of SHARED, a line each."""
READ_BY = ("jobs/text/", "jobs/contamination.py")
"""Source files that decide what a page shares with a text."""
PAGE_COLUMNS = (
    "url", "text", "language", "fetched_at", "formulas_kept", "warc_path", "warc_offset", "warc_length",
    "content_digest", "license",
)  # fmt: skip
TEXT_COLUMNS = [*(c.replace("formulas_kept", "formulas") for c in PAGE_COLUMNS), "page_id", "crawl"]


@dataclass(frozen=True)
class Searched:
    """What was found in the base's pages when they were searched for the same texts by the same rules."""

    pages: "DataFrame"
    """page_id of every page that was searched."""
    shared: list[dict[str, Any]]
    """Rows of SHARED."""


class CorpusPages:
    """The pages of a version that deduplication kept."""

    def __init__(self, run: SparkRun, version: str) -> None:
        self.run, self.version, self.base = run, version, base_of(run.lake, version)
        self.condemned: frozenset[str] = frozenset()
        """Pages that held benchmark texts in the base: they are not in its corpus, or not whole."""
        if self.base:
            ids = run.lake.read_table(CONTAMINATION.at(self.base), ["page_id"], run.name)["page_id"]
            self.condemned = frozenset(ids.to_pylist())
        self.verdicts = self._verdicts().cache()

    def _verdicts(self) -> "DataFrame":
        """What earlier stages decided of each survivor; counts the duplicates."""
        deduped = self.run.read(DEDUPED.at(self.version), columns=["page_id", "cluster", "survives"])
        self.run.drop("duplicate", deduped.where("not survives").count())
        scored, columns = MATH_PAGES.at(self.version), ["page_id", "domain", "score", "tokens", "round"]
        scores = spark_tables.read(self.run.spark, self.run.lake, [scored], [self.run.input(scored)], columns)
        return deduped.where("survives").select("page_id", "cluster").join(scores, "page_id")

    def without(self, page_ids: Collection[str]) -> "DataFrame":
        """Rows of CORPUS for all survivors but these."""
        return self._rows(self.verdicts.join(self._ids(page_ids), "page_id", "left_anti"))

    def only(self, page_ids: Collection[str]) -> "DataFrame":
        """Rows of CORPUS for the survivors among these."""
        return self._rows(self.verdicts.join(self._ids(page_ids), "page_id", "left_semi"))

    def _ids(self, page_ids: Collection[str]) -> "DataFrame":
        return self.run.spark.createDataFrame(pa.table({"page_id": pa.array(sorted(page_ids), pa.string())}))

    def _rows(self, wanted: "DataFrame") -> "DataFrame":
        texts = self._texts(wanted.select("page_id"))
        return texts.join(wanted, "page_id").select(*tables.CORPUS.names)

    def _texts(self, wanted: "DataFrame") -> "DataFrame":
        own = own_crawls(self.run.lake, self.version)
        if not self.base:
            return self._crawled(own, wanted)
        address = CORPUS.at(self.base)
        corpus = spark_tables.read(self.run.spark, self.run.lake, [address], [self.run.input(address)], TEXT_COLUMNS)
        standing = corpus.join(wanted, "page_id", "left_semi").join(self._ids(self.condemned), "page_id", "left_anti")
        others = wanted.join(standing.select("page_id"), "page_id", "left_anti")
        new = self._crawled(own, others)
        rest = others.join(new.select("page_id"), "page_id", "left_anti").persist()
        count = rest.count()
        self.run.figure("read_from_earlier_crawls", int(self.run.figures.get("read_from_earlier_crawls", 0)) + count)  # type: ignore[arg-type]
        texts = standing.unionByName(new)
        return texts.unionByName(self._crawled(earlier_crawls(self.run.lake, self.version), rest)) if count else texts

    def _crawled(self, crawls: list[Any], wanted: "DataFrame") -> "DataFrame":
        pages = pages_of(self.run, crawls, PAGE_COLUMNS).withColumnRenamed("formulas_kept", "formulas")
        return pages.join(wanted, "page_id").select(*TEXT_COLUMNS)

    def searched(self, index: ContaminationIndex) -> Searched:
        """What the base knows of the survivors; nothing where it searched for other texts or by other rules."""
        spark = self.run.spark
        nothing = Searched(self._ids(()), [])
        if not self.base:
            return nothing
        address = CONTAMINATION.at(self.base)
        made = self.run.input(address)
        before = self.run.lake.storage.read(f"{address.folder}/{BENCHMARK_TEXTS}")
        code = [
            {name: digest for name, digest in code.items() if name.startswith(READ_BY)}
            for code in (made.provenance.code, self.run.outputs[0].provenance.code)
        ]
        if FOUND not in {f.name for f in made.files} or code[0] != code[1]:
            self.run.log(f"{address} was made by another release: its pages are searched again")
            return nothing
        (head, texts), (_, wanted) = before.split(b"\n", 1), index.to_lines().split(b"\n", 1)
        if texts != wanted or json.loads(head)["mode"] != index.mode:
            self.run.log(f"{address} searched for other texts, or in another mode: its pages are searched again")
            return nothing
        deduped = DEDUPED.at(self.base)
        survived = spark_tables.read(
            spark, self.run.lake, [deduped], [self.run.input(deduped)], ["page_id", "survives"]
        )
        pages = survived.where("survives").select("page_id").join(self.verdicts, "page_id", "left_semi")
        lines = self.run.lake.storage.read(f"{address.folder}/{FOUND}").splitlines()
        rows = [json.loads(line) for line in lines]
        shared = spark.createDataFrame(pa.Table.from_pylist(rows, SHARED)).join(pages, "page_id", "left_semi")
        return Searched(pages, shared.toArrow().to_pylist())

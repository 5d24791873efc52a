"""python -m jobs.decontaminate --benchmarks sample: pages that hold benchmark texts go; the rest is the corpus.

The rule is the paper's (2.1): any 10-gram of a benchmark text condemns a page, texts of 3 to 9 words are matched
as a whole, shorter ones never. Words are plain: case and punctuation do not matter, TeX is not rewritten. Left out on
purpose: a guard for common phrases; the figures count hits by item, so that a person sees what it would have to spare.
"""

from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import pyarrow as pa

from jobs import runner, spark_tables
from jobs.contamination import BENCHMARK_TEXTS, HITS, ContaminationIndex, benchmark_texts, hit_finder, to_lines
from jobs.lake import tables
from jobs.lake.benchmarks import Benchmarks, read_benchmarks
from jobs.lake.catalog import Lake
from jobs.lake.datasets import CONTAMINATION, CORPUS, DEDUPED, MATH_PAGES, PAGES, SAMPLE, Address
from jobs.lake.settings import JsonValue, Location
from jobs.lake.stage import Stage, StageError
from jobs.lake.storage import Storage
from jobs.page_frames import pages_of
from jobs.quality.check import check
from jobs.spark_tables import to_spark

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SAMPLE_BENCHMARKS = "sample"
TOP_ITEMS = 50
PAGE_COLUMNS = (
    "url", "text", "language", "fetched_at", "formulas_kept", "warc_path", "warc_offset", "warc_length",
    "content_digest", "license",
)  # fmt: skip


@dataclass(frozen=True)
class Decontaminate(runner.SparkSettings):
    """Remove pages that contain benchmark questions or solutions; what is left is the corpus."""

    benchmarks: Location = SAMPLE_BENCHMARKS
    """Folder of benchmark files (jsonl, jsonl.gz, parquet, csv), or `sample` for those of the sample crawl."""


def reads(settings: Decontaminate, lake: Lake) -> list[Address]:
    version = settings.version
    crawls = lake.finished(PAGES, version) or [PAGES.at(version, "sample")]
    sample = [SAMPLE.at(version)] if settings.benchmarks == SAMPLE_BENCHMARKS else []
    return [DEDUPED.at(version), MATH_PAGES.at(version), *crawls, *sample]


def sources(settings: Decontaminate) -> dict[str, str]:
    """The benchmark files by content: another folder with the same files is the same input."""
    if settings.benchmarks == SAMPLE_BENCHMARKS:
        return {}
    storage = Storage(settings.benchmarks)
    names = storage.files("")
    if not names:
        raise StageError(f"decontaminate: --benchmarks {settings.benchmarks!r} is no folder with files in it")
    return {"benchmarks": sha256("\n".join(f"{n} {storage.sha256(n)}" for n in names).encode()).hexdigest()[:16]}


def decontaminate(settings: Decontaminate, run: runner.SparkRun) -> None:
    benchmarks = load_benchmarks(settings, run)
    index = ContaminationIndex.build(benchmark_texts(benchmarks.items))
    survivors = survivors_with_pages(settings, run).cache()
    broadcast = run.spark.sparkContext.broadcast(index)
    with runner.Progress(run):
        found = survivors.select("page_id", "url", "text").mapInArrow(hit_finder(broadcast), to_spark(HITS)).toArrow()
    hits = found.sort_by([("page_id", "ascending"), ("benchmark", "ascending"), ("item", "ascending")])
    run.write_table(CONTAMINATION, hits)
    run.output(CONTAMINATION).write(BENCHMARK_TEXTS, to_lines(index.texts))

    contaminated = run.spark.createDataFrame(pa.table({"page_id": hits.column("page_id").unique()}))
    kept = run.write(CORPUS, survivors.join(contaminated, "page_id", "left_anti"), key="page_id")
    run.drop("contaminated", contaminated.count())
    run.drop("page_missing", run.rows_in - sum(run.dropped.values()) - kept)
    run.figure("benchmark_items", len(benchmarks.items))
    run.figure("benchmark_texts", len(index.texts))
    run.figure("texts_too_short", index.grams.too_short)
    run.figure("removed_pages", run.dropped.get("contaminated", 0))
    for name, value in hit_figures(hits).items():
        run.figure(name, value)
    broadcast.destroy()
    survivors.unpersist()


def load_benchmarks(settings: Decontaminate, run: runner.SparkRun) -> Benchmarks:
    """All benchmark items; logs what could not be read. Raises StageError where there is none."""
    if settings.benchmarks == SAMPLE_BENCHMARKS:
        folder = f"{SAMPLE.at(settings.version).folder}/benchmarks"
        benchmarks = read_benchmarks(run.lake.storage, folder)
    else:
        folder = settings.benchmarks
        benchmarks = read_benchmarks(Storage(folder))
    for unread in benchmarks.unread:
        run.log(f"not read: {unread.file}: {f'{unread.rows} rows: ' if unread.rows else ''}{unread.reason}")
    run.figure("unread_benchmarks", [vars(u) for u in benchmarks.unread])
    if not benchmarks.items:
        raise StageError(f"decontaminate: no benchmark item could be read from {folder}; the log above says why")
    return benchmarks


def survivors_with_pages(settings: Decontaminate, run: runner.SparkRun) -> "DataFrame":
    """The pages that deduplication kept, with all columns of CORPUS."""
    version = settings.version
    deduped = run.read(DEDUPED.at(version), columns=["page_id", "cluster", "survives"])
    run.drop("duplicate", deduped.where("not survives").count())
    scored = MATH_PAGES.at(version)
    scores = spark_tables.read(
        run.spark, run.lake, [scored], [run.input(scored)], ["page_id", "domain", "score", "tokens", "round"]
    )
    crawls = [a for a in reads(settings, run.lake) if a.dataset is PAGES]
    pages = pages_of(run, crawls, PAGE_COLUMNS).withColumnRenamed("formulas_kept", "formulas")
    kept = deduped.where("survives").select("page_id", "cluster")
    return pages.join(kept, "page_id").join(scores, "page_id").select(*tables.CORPUS.names)


def hit_figures(hits: pa.Table) -> dict[str, JsonValue]:
    """What a person needs to judge the rule: pages by benchmark and rule, and the items that hit most pages."""
    rows = hits.select(["page_id", "benchmark", "item", "matched", "rule"]).to_pylist()
    by_benchmark = Counter(benchmark for benchmark, _ in {(r["benchmark"], r["page_id"]) for r in rows})
    by_rule = Counter(rule for rule, _ in {(r["rule"], r["page_id"]) for r in rows})
    by_item = Counter((r["benchmark"], r["item"]) for r in rows)
    sample = {(r["benchmark"], r["item"]): r["matched"] for r in reversed(rows)}
    top = sorted(by_item.items(), key=lambda pair: (-pair[1], pair[0]))[:TOP_ITEMS]
    return {
        "hits_by_benchmark": dict(sorted(by_benchmark.items())),
        "hits_by_rule": dict(sorted(by_rule.items())),
        "hits_by_item": [{"benchmark": b, "item": i, "pages": n, "matched": sample[b, i]} for (b, i), n in top],
    }


STAGE = Stage(
    Decontaminate,
    decontaminate,
    reads=reads,
    sources=sources,
    writes=lambda settings: [CONTAMINATION.at(settings.version), CORPUS.at(settings.version)],
    check=check,
)

if __name__ == "__main__":
    runner.run(STAGE)

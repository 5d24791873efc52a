"""python -m jobs.decontaminate --benchmarks sample: pages that hold benchmark texts go; the rest is the corpus.

The rule is the paper's (2.1): any 10-gram of a benchmark text condemns a page, texts of 3 to 9 words are matched as a
whole, shorter ones never. `--mode maths` reads through case, punctuation, markup and other TeX, `--mode paper
--no-guard` is the rule by the letter. A version that goes on from another searches only pages that were not searched
for the same texts before. Left out on purpose: paraphrases and translations, which no n-gram finds.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from jobs import runner
from jobs.common_phrases import CommonPhrase, common_phrases
from jobs.contamination import BENCHMARK_TEXTS, SHARED, ContaminationIndex, Mode, benchmark_texts, shared_finder
from jobs.corpus_pages import FOUND, CorpusPages
from jobs.lake import tables
from jobs.lake.benchmarks import Benchmarks, DeclarationError, read_benchmarks
from jobs.lake.catalog import Lake
from jobs.lake.datasets import COMMON_PHRASES, CONTAMINATION, CORPUS, DEDUPED, MATH_PAGES, SAMPLE, Address
from jobs.lake.settings import JsonValue, Location
from jobs.lake.stage import Stage, StageError
from jobs.lake.storage import Storage
from jobs.passages import cut_passages
from jobs.quality.check import check
from jobs.spark_tables import to_spark
from jobs.text.normalise import count_tokens
from jobs.versions import base_of, earlier_crawls, own_crawls

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Batches = Iterator[pa.RecordBatch]

SAMPLE_BENCHMARKS = "sample"
TOP_ITEMS = 50
PLACE = itemgetter("page_id", "benchmark", "item", "start", "phrase")


@dataclass(frozen=True)
class Decontaminate(runner.SparkSettings):
    """Remove pages that contain benchmark questions or solutions; what is left is the corpus."""

    benchmarks: Location = SAMPLE_BENCHMARKS
    """Folder of benchmark files (jsonl, jsonl.gz, parquet, csv; benchmarks.toml declares new ones), or `sample`."""
    mode: Mode = "maths"
    """maths reads formulas and questions however they are written; paper takes words as white space parts them."""
    guard: bool = True
    """Spare pages that share nothing but counting, lists and turns of speech: see the dataset common_phrases."""
    remove: Literal["pages", "passages"] = "pages"
    """Remove the whole page (as the paper does), or the lines that hold what it shares."""


def reads(settings: Decontaminate, lake: Lake) -> list[Address]:
    version, base = settings.version, base_of(lake, settings.version)
    crawls = [*own_crawls(lake, version), *earlier_crawls(lake, version)]
    known = [dataset.at(base) for dataset in (DEDUPED, CONTAMINATION, CORPUS)] if base else []
    sample = [SAMPLE.at(version)] if settings.benchmarks == SAMPLE_BENCHMARKS else []
    return [DEDUPED.at(version), MATH_PAGES.at(version), *crawls, *known, *sample]


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
    searched = ContaminationIndex.build(benchmark_texts(benchmarks.items), settings.mode, guard=settings.guard)
    survivors = CorpusPages(run, settings.version)
    known = survivors.searched(searched)
    kept_back = survivors.condemned & {row["page_id"] for row in known.shared}  # will go again, so most are not read
    pages = survivors.without(kept_back).cache()
    shared = sorted([*known.shared, *search(run, searched, pages.join(known.pages, "page_id", "left_anti"))], key=PLACE)
    phrases = common_phrases(shared) if settings.guard else []
    condemning = without_phrases(shared, phrases)
    hits = pa.Table.from_pylist(best_hits(condemning), tables.CONTAMINATION)
    run.write_table(CONTAMINATION, hits)
    index = replace(searched, common=frozenset(p.phrase for p in phrases))
    run.output(CONTAMINATION).write(BENCHMARK_TEXTS, index.to_lines())
    run.write_table(COMMON_PHRASES, pa.Table.from_pylist([asdict(p) for p in phrases], tables.COMMON_PHRASES))
    run.output(CONTAMINATION).write(FOUND, b"".join(json.dumps(row).encode() + b"\n" for row in shared))
    spans = condemned_spans(condemning)
    back = kept_back if settings.remove == "passages" else kept_back - spans.keys()
    write_corpus(
        settings, run, pages.unionByName(survivors.only(back)) if back else pages, spans, len(kept_back - back)
    )
    run.figure("benchmark_items", len(benchmarks.items))
    run.figure("benchmark_texts", len(searched.texts))
    run.figure("texts_too_short", searched.grams.too_short)
    run.figure("spared_pages", len({r["page_id"] for r in shared} - {r["page_id"] for r in condemning}))
    run.figure("common_phrases", dict(sorted(Counter(p.reason for p in phrases).items())))
    for name, value in hit_figures(hits).items():
        run.figure(name, value)
    pages.unpersist()


def search(run: runner.SparkRun, index: ContaminationIndex, pages: "DataFrame") -> list[dict[str, Any]]:
    """Rows of SHARED for everything that these pages share with benchmark texts."""
    run.figure("searched_pages", pages.count())
    broadcast = run.spark.sparkContext.broadcast(index)
    with runner.Progress(run):
        texts = pages.select("page_id", "url", "domain", "text")
        shared = texts.mapInArrow(shared_finder(broadcast), to_spark(SHARED)).toArrow().to_pylist()
    broadcast.destroy()
    return list(shared)


def without_phrases(shared: list[dict[str, Any]], phrases: list[CommonPhrase]) -> list[dict[str, Any]]:
    """The rows of SHARED whose phrase is not common."""
    common = {p.phrase for p in phrases}
    return [row for row in shared if row["phrase"] not in common]


def best_hits(condemning: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of CONTAMINATION: for each page and item the longest run, the first of equal ones, in order."""
    best: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in sorted(condemning, key=lambda r: (-r["words"], r["start"], r["phrase"])):
        best.setdefault((row["page_id"], row["benchmark"], row["item"]), {**row, "matched": row["phrase"]})
    return [{name: best[key][name] for name in tables.CONTAMINATION.names} for key in sorted(best)]


def condemned_spans(condemning: list[dict[str, Any]]) -> dict[str, list[tuple[int, int]]]:
    """page_id -> (start, end) of everything that condemns it."""
    spans: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for row in condemning:
        spans[row["page_id"]].append((row["start"], row["end"]))
    return dict(spans)


def write_corpus(
    settings: Decontaminate,
    run: runner.SparkRun,
    pages: "DataFrame",
    spans: Mapping[str, list[tuple[int, int]]],
    gone: int,
) -> None:
    """The pages without the contaminated ones, or without their contaminated lines. `gone`: contaminated pages that
    were not even read."""
    if settings.remove == "passages":
        corpus = pages.mapInArrow(passage_cutter(spans), to_spark(tables.CORPUS))
    else:
        contaminated = run.spark.createDataFrame(pa.table({"page_id": pa.array(sorted(spans), pa.string())}))
        corpus = pages.join(contaminated, "page_id", "left_anti")
    kept = run.write(CORPUS, corpus, key="page_id")
    removed = pages.count() + gone - kept
    run.drop("contaminated", removed)
    run.drop("page_missing", run.rows_in - sum(run.dropped.values()) - kept)
    run.figure("removed_pages", removed)
    run.figure("cut_pages", len(spans) - removed)


def passage_cutter(spans: Mapping[str, list[tuple[int, int]]]) -> Callable[[Batches], Batches]:
    """What a task does with `--remove passages`: cut the lines that hold spans, drop pages that are mostly those."""

    def cut(batches: Batches) -> Batches:
        for batch in batches:
            rows = []
            for row in batch.to_pylist():
                if row["page_id"] in spans:
                    row["text"] = cut_passages(row["text"], spans[row["page_id"]])
                    row["tokens"] = count_tokens(row["text"])
                if row["text"]:
                    rows.append(row)
            yield pa.RecordBatch.from_pylist(rows, tables.CORPUS)

    return cut


def load_benchmarks(settings: Decontaminate, run: runner.SparkRun) -> Benchmarks:
    """All benchmark items; logs what could not be read. Raises StageError where there is none."""
    try:
        if settings.benchmarks == SAMPLE_BENCHMARKS:
            folder = f"{SAMPLE.at(settings.version).folder}/benchmarks"
            benchmarks = read_benchmarks(run.lake.storage, folder)
        else:
            folder = settings.benchmarks
            benchmarks = read_benchmarks(Storage(folder))
    except DeclarationError as error:
        raise StageError(f"decontaminate: {error}") from error
    for unread in benchmarks.unread:
        run.log(f"not read: {unread.file}: {f'{unread.rows} rows: ' if unread.rows else ''}{unread.reason}")
    run.figure("unread_benchmarks", [vars(u) for u in benchmarks.unread])
    if not benchmarks.items:
        raise StageError(f"decontaminate: no benchmark item could be read from {folder}; the log above says why")
    return benchmarks


def hit_figures(hits: pa.Table) -> dict[str, JsonValue]:
    """What a person needs to judge the rule: pages by benchmark and rule, and the items that hit most pages."""
    rows = hits.to_pylist()
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
    writes=lambda s: [CONTAMINATION.at(s.version), COMMON_PHRASES.at(s.version), CORPUS.at(s.version)],
    check=check,
)

if __name__ == "__main__":
    runner.run(STAGE)

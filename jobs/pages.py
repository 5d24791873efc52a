"""python -m jobs.pages --crawl sample: every HTML page of a crawl as text with its formulas.

One task a WARC file, one Parquet part a WARC file: the text is never shuffled. What is not a page is counted by reason
and kept aside in rejected-*.jsonl with its place in the file; so is damage that a page survived (`kept`: true).
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from jobs import runner, spark_tables
from jobs.formula_ledger import formula_ledger
from jobs.lake.catalog import Lake, Publication, write_parquet
from jobs.lake.datasets import CRAWL, FORMULA_LEDGER, PAGES, Address
from jobs.lake.stage import Run, Stage, StageError, StageSettings
from jobs.lake.storage import Storage, WrittenFile
from jobs.lake.tables import PAGES as SCHEMA
from jobs.page_rows import Row, load_extractor, page_row
from jobs.quality import validation
from jobs.quality.check import check
from jobs.quality.formula_ledger import LEAST_RECOVERY, ledger_suite
from jobs.web.warc_records import NotAWarc, Rejected, WarcPage, read_warc

if TYPE_CHECKING:
    from pyspark.broadcast import Broadcast

PAGES_A_BATCH = 256
REPORT = (
    "name string, rows long, bytes long, sha256 string, rejected_bytes long, rejected_sha256 string, dropped string, "
    "noted string"
)
LAKE_PATH = "lake:"
TASKS_A_CORE = 4


@dataclass(frozen=True)
class Pages(StageSettings):
    """Parse a crawl's WARC files into pages: text, formulas, language, and the record each came from."""

    crawl: str = "sample"
    """Id of the crawl in the lake."""
    least_recovery: float = LEAST_RECOVERY
    """Share of the crawl's formulas, 0 to 1, that must be in the texts; below it nothing is published."""


def reads(settings: Pages, lake: Lake) -> list[Address]:
    return [CRAWL.at(settings.version, settings.crawl)]


def pages(settings: Pages, run: runner.SparkRun) -> None:
    crawl, publication = CRAWL.at(settings.version, settings.crawl), run.output(PAGES)
    files = run.lake.read_table(crawl, ["path"]).column("path").to_pylist()
    Thread(target=validation.load_library).start()  # seconds of imports, while the JVM starts
    load_extractor()  # compiled here once, if need be, and not in every worker at the same time
    with runner.Progress(run):
        extract = page_writer(run.lake.storage.uri, publication.address, run.spark.sparkContext.broadcast(files))
        rows = run.spark.range(0, len(files), 1, len(files)).mapInArrow(extract, REPORT).collect()
    dropped: Counter[str] = Counter()
    noted: Counter[str] = Counter()
    parts: list[WrittenFile] = []
    for row in sorted(rows, key=lambda r: r["name"]):
        dropped.update(json.loads(row["dropped"]))
        noted.update(json.loads(row["noted"]))
        parts.append(WrittenFile(row["name"], row["rows"], row["bytes"], row["sha256"]))
        publication.add(WrittenFile(rejected_name(row["name"]), 0, row["rejected_bytes"], row["rejected_sha256"]))
    run.count_in(sum(p.rows for p in parts) + sum(dropped.values()))
    parts = drop_repeats(run, parts)
    for part in parts:
        publication.add(part)
    for reason, count in dropped.items():
        run.drop(reason, count)
    run.figure("noted", dict(sorted(noted.items())))
    if not any(p.rows for p in parts):
        raise StageError(
            f"pages: none of the {len(files)} files of {crawl} holds an HTML page; left out: {dict(dropped)}. "
            "Check what --input the crawl was made from."
        )
    write_ledger(run, parts)


def write_ledger(run: runner.SparkRun, parts: list[WrittenFile]) -> None:
    """The formulas of each domain, from the parts as they are now; a crawl has few domains, so it is one file."""
    pages_at, ledger = run.output(PAGES), run.output(FORMULA_LEDGER)
    names = [pages_at.name(p.name) for p in parts]
    frame = formula_ledger(run.spark, run.lake.storage.uri, names, tasks_for(run, parts))
    for file in spark_tables.write(frame, run.lake, ledger.address, key="domain", parts=1):
        ledger.add(file)


def tasks_for(run: runner.SparkRun, parts: list[WrittenFile]) -> int:
    """Tasks for reading narrow columns of the parts: a task each would cost more to start than to do."""
    return min(len(parts), TASKS_A_CORE * run.spark.sparkContext.defaultParallelism)


def check_written(run: Run, publication: Publication) -> None:
    """The suite of each of the two datasets; the ledger's has the floor of this run's settings."""
    ledger = publication.address.dataset is FORMULA_LEDGER
    check(run, publication, ledger_suite(run.settings.least_recovery) if ledger else None)


def page_writer(
    uri: str, address: Address, files: "Broadcast[list[str]]"
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What a task does: read the WARC files whose numbers it is given and write the pages of each; one report row a
    file."""

    def write_pages(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        storage = Storage(uri)
        for batch in batches:
            for number in batch.column("id").to_pylist():
                yield pa.RecordBatch.from_pylist([_write_file(storage, address, number, files.value[number])])

    return write_pages


def _write_file(storage: Storage, address: Address, number: int, path: str) -> dict[str, object]:
    name, rejected, noted = f"part-{number:05d}.parquet", list[Rejected](), list[Rejected]()

    def batches() -> Iterator[pa.RecordBatch]:
        rows: list[Row] = []
        for found in _records(storage, path):
            page = found if isinstance(found, Rejected) else page_row(found, path)
            if isinstance(page, Rejected):
                rejected.append(page)
                continue
            rows.append(page)
            noted.extend(noted_damage(found))
            if len(rows) == PAGES_A_BATCH:
                yield pa.RecordBatch.from_pylist(rows, SCHEMA)
                rows = []
        yield pa.RecordBatch.from_pylist(rows, SCHEMA)

    part = write_parquet(storage, address, name, batches())
    lines = [{"warc_path": path, "kept": False, **vars(r)} for r in rejected]
    lines += [{"warc_path": path, "kept": True, **vars(r)} for r in noted]
    aside = storage.write(
        f"{address.folder}/{rejected_name(name)}", b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    )
    return {
        "name": name, "rows": part.rows, "bytes": part.bytes, "sha256": part.sha256,
        "rejected_bytes": aside.bytes, "rejected_sha256": aside.sha256,
        "dropped": json.dumps(Counter(r.reason for r in rejected)),
        "noted": json.dumps(Counter(r.reason for r in noted)),
    }  # fmt: skip


def noted_damage(found: WarcPage | Rejected) -> list[Rejected]:
    """The damage that a page's record had and the page survived."""
    if isinstance(found, Rejected):
        return []
    return [Rejected(n.kind, found.url, found.warc_offset, found.warc_length, n.detail) for n in found.notes]


def rejected_name(part: str) -> str:
    return part.replace("part-", "rejected-").replace(".parquet", ".jsonl")


def _records(storage: Storage, path: str) -> Iterator[WarcPage | Rejected]:
    try:
        if path.startswith(LAKE_PATH):
            with storage.open_input(path[len(LAKE_PATH) :]) as stream:
                yield from read_warc(stream)
        else:
            yield from read_warc(path)
    except NotAWarc as error:
        yield Rejected("not_a_warc", "", 0, 0, str(error))


def drop_repeats(run: runner.SparkRun, parts: list[WrittenFile]) -> list[WrittenFile]:
    """A crawl may hold a record twice (a file copied under another name): later copies go, parts are written again."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    uri, address = run.lake.storage.uri, run.output(PAGES).address
    names = run.spark.createDataFrame(pa.table({"name": [p.name for p in parts]})).repartition(tasks_for(run, parts))
    copies = Window.partitionBy("page_id").orderBy("name", "row")
    later = (
        names.mapInArrow(id_reader(uri, address), "page_id string, name string, row long, rows long")
        .withColumn("copy", F.row_number().over(copies))
        .where("copy > 1")
        .groupBy("name", "rows")
        .agg(F.collect_list("row").alias("later"))
    )
    again = later.mapInArrow(part_rewriter(uri, address), spark_tables.FILE_SCHEMA).collect()
    written = {r["name"]: WrittenFile(r["name"], r["rows"], r["bytes"], r["sha256"]) for r in again}
    run.drop("repeated_record", sum(p.rows - written[p.name].rows for p in parts if p.name in written))
    return [written.get(p.name, p) for p in parts]


def id_reader(uri: str, address: Address) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What a task does: the page_ids of the named parts, each with its place and the rows of its part."""

    def read_ids(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        storage = Storage(uri)
        for batch in batches:
            for name in batch.column("name").to_pylist():
                with storage.open_input(f"{address.folder}/{name}") as stream:
                    ids = pq.read_table(stream, columns=["page_id"])
                places = {
                    "name": pa.array([name] * len(ids), pa.string()),
                    "row": pa.array(range(len(ids)), pa.int64()),
                    "rows": pa.array([len(ids)] * len(ids), pa.int64()),
                }
                yield from pa.table({"page_id": ids["page_id"], **places}).to_batches()

    return read_ids


def part_rewriter(uri: str, address: Address) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What a task does: write parts again without some of their rows; reports as FILE_SCHEMA. A part with fewer
    rows than were counted was written by an attempt whose worker was killed, and stays."""

    def rewrite(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        storage = Storage(uri)
        for batch in batches:
            for part in batch.to_pylist():
                name = f"{address.folder}/{part['name']}"
                with storage.open_input(name) as stream:
                    file = pq.ParquetFile(stream)
                    goes, rows = set(part["later"]), file.metadata.num_rows
                    if rows < part["rows"]:
                        done = WrittenFile(part["name"], rows, storage.size(name) or 0, storage.sha256(name))
                        yield pa.RecordBatch.from_pylist([vars(done)])
                        continue
                    stays = pa.array([row not in goes for row in range(rows)], pa.bool_())
                    table = file.read() if len(goes) < rows else file.schema_arrow.empty_table()
                kept = table.filter(stays).to_batches() if len(table) else []
                yield pa.RecordBatch.from_pylist([vars(write_parquet(storage, address, part["name"], kept))])

    return rewrite


def writes(settings: Pages) -> list[Address]:
    return [dataset.at(settings.version, settings.crawl) for dataset in (PAGES, FORMULA_LEDGER)]


STAGE = Stage(Pages, pages, writes=writes, reads=reads, check=check_written)

if __name__ == "__main__":
    runner.run(STAGE)

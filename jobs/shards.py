"""python -m jobs.shards --source math: tokens of one source of the pretraining mixture, shuffled, ready for training.

`math` is the corpus (56% of the paper's mixture), `natural_language` the pages of the crawls that no round recalled
(10%, English and Chinese; where a version goes on from another, of the crawls of both); any other source is read from
--files: `algebraicstack` (4%), `arxiv` (10%), `code` (20%). Every source but `math`, which is clean, is searched for
the same benchmark texts as the corpus was, and its contaminated documents go. Left out on purpose: near-duplicates
within the other sources.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from jobs import runner
from jobs.contamination import BENCHMARK_TEXTS, ContaminationIndex
from jobs.lake.catalog import Lake
from jobs.lake.datasets import CONTAMINATION, CORPUS, MATH_PAGES, PAGES, SHARDS, TOKENIZER, Address
from jobs.lake.settings import Location, SettingsError
from jobs.lake.stage import Stage, StageError
from jobs.lake.storage import Storage, WrittenFile
from jobs.lake.token_shards import INFO, Document, Shard, ShardsInfo, tokenizer_fingerprint, write_shard
from jobs.page_frames import pages_of
from jobs.removed_pages import RemovedPages
from jobs.spark_tables import to_spark
from jobs.text import bpe
from jobs.text_files import TextFiles, read_rows
from jobs.versions import earlier_crawls, own_crawls

if TYPE_CHECKING:
    import tokenizers
    from pyspark.broadcast import Broadcast
    from pyspark.sql import DataFrame

Batches = Iterator[pa.RecordBatch]

MATH, NATURAL_LANGUAGE = "math", "natural_language"

DOCUMENTS = pa.schema([("name", pa.string()), ("url", pa.string()), ("text", pa.string()), ("dropped", pa.string())])
WRITTEN = pa.schema([
    ("tokens_file", pa.string()), ("documents_file", pa.string()), ("tokens", pa.int64()), ("documents", pa.int64()),
    ("tokens_bytes", pa.int64()), ("tokens_sha256", pa.string()),
    ("documents_bytes", pa.int64()), ("documents_sha256", pa.string()), ("dropped", pa.string()),
])  # fmt: skip


@dataclass(frozen=True)
class Shards(runner.SparkSettings):
    """Tokenise one source, shuffle its documents with a seed and write token shards: one a part."""

    source: str = MATH
    """`math`, `natural_language`, or the name under which training mixes the documents of --files."""
    files: Location = ""
    """Glob of jsonl, jsonl.gz or parquet files for any other source, such as `/data/code/*.jsonl.gz`."""
    text_column: str = "text"
    """Column of --files that holds the text; a column `url`, where there is one, is kept in the index."""
    languages: tuple[str, ...] = ("en", "zh")
    """Languages of natural_language, as ISO 639-1 codes (paper 2.3)."""
    seed: int = 7
    """The order of documents is drawn from this."""

    def __post_init__(self) -> None:
        if (self.source in (MATH, NATURAL_LANGUAGE)) == bool(self.files):
            need = "takes no --files" if self.files else "needs --files with a glob of its text files"
            raise SettingsError(f"--source {self.source}: {need}")


def reads(settings: Shards, lake: Lake) -> list[Address]:
    version = settings.version
    if settings.source == MATH:
        return [TOKENIZER.at(version), CORPUS.at(version)]
    clean = [TOKENIZER.at(version), CONTAMINATION.at(version)]
    if settings.files:
        return clean
    return [*clean, MATH_PAGES.at(version), *own_crawls(lake, version), *earlier_crawls(lake, version)]


def sources(settings: Shards) -> dict[str, str]:
    if not settings.files:
        return {}
    found = TextFiles.matching(settings.files)
    if not found.names:
        raise StageError(f"shards: --files {settings.files!r} matches no jsonl, jsonl.gz or parquet file")
    return {settings.source: found.digest()}


def shards(settings: Shards, run: runner.SparkRun) -> None:
    address = SHARDS.at(settings.version, settings.source)
    tokenizer = run.lake.storage.read(f"{TOKENIZER.at(settings.version).folder}/tokenizer.json")
    documents = source_documents(settings, run)
    if settings.source != MATH:
        documents = without_contaminated(documents, settings, run)
    write = shard_writer(run.lake.storage.uri, address, tokenizer.decode())
    with runner.Progress(run):
        rows = in_drawn_order(documents, settings.seed, run.parts).mapInArrow(write, to_spark(WRITTEN)).collect()
    written = sorted((row.asDict() for row in rows), key=lambda r: r["tokens_file"])
    info = publish(settings, run, written, tokenizer)
    dropped = sum((Counter(json.loads(row["dropped"])) for row in written), Counter[str]())
    documents_kept = sum(s.documents for s in info.shards)
    if not documents_kept:
        raise StageError(f"shards: source {settings.source} has no document left; dropped: {dict(dropped)}")
    if settings.source != MATH:  # the corpus was counted when it was read
        run.count_in(documents_kept + dropped.total())
    for reason, count in sorted(dropped.items()):
        run.drop(reason, count)


def publish(settings: Shards, run: runner.SparkRun, written: list[dict[str, Any]], tokenizer: bytes) -> ShardsInfo:
    """Take up the files that the tasks wrote, and write what they hold."""
    publication = run.output(SHARDS)
    for row in written:
        publication.add(WrittenFile(row["tokens_file"], 0, row["tokens_bytes"], row["tokens_sha256"]))
        publication.add(
            WrittenFile(row["documents_file"], row["documents"], row["documents_bytes"], row["documents_sha256"])
        )
    kernel = bpe.load(tokenizer.decode())
    info = ShardsInfo(
        settings.source,
        tokenizer_fingerprint(tokenizer),
        bpe.vocabulary_size(kernel),
        bpe.eos(kernel),
        tuple(Shard(r["tokens_file"], r["documents_file"], r["tokens"], r["documents"]) for r in written),
    )
    publication.write_json(INFO, info.to_json())
    for name in ("source", "tokenizer", "tokens", "documents"):
        run.figure(name, info.to_json()[name])
    return info


def source_documents(settings: Shards, run: runner.SparkRun) -> "DataFrame":
    """The documents of a source: name, url, text, and why a document is dropped ('' where it is not)."""
    from pyspark.sql import functions as f

    version = settings.version
    if settings.source == MATH:
        corpus = run.read(CORPUS.at(version), columns=["page_id", "url", "text"])
        return corpus.select(f.col("page_id").alias("name"), "url", "text", f.lit("").alias("dropped"))
    if settings.files:
        return file_documents(settings, run)
    crawls = [a for a in reads(settings, run.lake) if a.dataset is PAGES]
    recalled = run.lake.read_table(MATH_PAGES.at(version), ["page_id"], reader=run.name)
    pages = pages_of(run, crawls, ["url", "text", "language"])
    pages = pages.join(run.spark.createDataFrame(recalled), "page_id", "left_anti")
    other = f.when(f.col("language").isin(*settings.languages), "").otherwise("other_language").alias("dropped")
    return pages.select(f.col("page_id").alias("name"), "url", "text", other)


def file_documents(settings: Shards, run: runner.SparkRun) -> "DataFrame":
    """The documents of --files, a task a file."""
    files, column, removed = TextFiles.matching(settings.files), settings.text_column, RemovedPages.of(run)

    def read_files(batches: Batches) -> Batches:
        storage = Storage(files.root)
        for batch in batches:
            for name in batch.column("file").to_pylist():
                rows = []
                for row in read_rows(storage, name, column):
                    dropped = row.broken or ("removed" if removed.covers(row.url) else "")
                    rows.append({"name": row.name, "url": row.url, "text": row.text, "dropped": dropped})
                    if len(rows) == runner.ARROW_BATCH_ROWS:
                        yield pa.RecordBatch.from_pylist(rows, DOCUMENTS)
                        rows = []
                yield pa.RecordBatch.from_pylist(rows, DOCUMENTS)

    names = run.spark.createDataFrame(pa.table({"file": list(files.names)}))
    return names.repartition(len(files.names), "file").mapInArrow(read_files, to_spark(DOCUMENTS))


def without_contaminated(documents: "DataFrame", settings: Shards, run: runner.SparkRun) -> "DataFrame":
    """Marks the documents that hold a benchmark text of the corpus's decontamination."""
    name = f"{CONTAMINATION.at(settings.version).folder}/{BENCHMARK_TEXTS}"
    index = ContaminationIndex.from_lines(run.lake.storage.read(name))
    return documents.mapInArrow(contamination_marker(run.spark.sparkContext.broadcast(index)), to_spark(DOCUMENTS))


def contamination_marker(index: "Broadcast[ContaminationIndex]") -> Callable[[Batches], Batches]:
    """What a task does: set `dropped` of contaminated documents."""

    def mark(batches: Batches) -> Batches:
        for batch in batches:
            rows = batch.to_pylist()
            for row in rows:
                if not row["dropped"] and index.value.hits(row["text"]):
                    row.update(dropped="contaminated", text="")
            yield pa.RecordBatch.from_pylist(rows, DOCUMENTS)

    return mark


def in_drawn_order(documents: "DataFrame", seed: int, parts: int) -> "DataFrame":
    """The documents split over the shards and ordered within each by a hash of seed and name: a shuffle that needs no
    state and gives the same order on every cluster."""
    from pyspark.sql import functions as f

    drawn = f.sha2(f.concat(f.lit(f"{seed}:"), "name"), 256)
    ordered = documents.select(*DOCUMENTS.names, drawn.alias("drawn"))
    return ordered.repartition(parts, "drawn").sortWithinPartitions("drawn", "name").drop("drawn")


def shard_writer(uri: str, address: Address, tokenizer: str) -> Callable[[Batches], Batches]:
    """What a task does with its partition: tokenise it, write its shard, report one row of WRITTEN."""

    def write(batches: Batches) -> Batches:
        from pyspark import TaskContext

        context = TaskContext.get()
        assert context is not None, "runs inside a Spark task only"
        os.environ["TOKENIZERS_PARALLELISM"] = "false"  # Spark has a task for every core already
        kernel, dropped = bpe.load(tokenizer), Counter[str]()
        documents = tokenised(batches, kernel, dropped)
        number, eos = context.partitionId(), bpe.eos(kernel)
        shard, tokens, index = write_shard(Storage(uri), address, number, documents, eos)
        yield pa.RecordBatch.from_pylist([{
            **vars(shard), "tokens_bytes": tokens.bytes, "tokens_sha256": tokens.sha256,
            "documents_bytes": index.bytes, "documents_sha256": index.sha256, "dropped": json.dumps(dropped),
        }], WRITTEN)  # fmt: skip

    return write


def tokenised(batches: Batches, kernel: "tokenizers.Tokenizer", dropped: Counter[str]) -> Iterator[Document]:
    """Documents with their tokens; the others are counted by reason."""
    for batch in batches:
        rows = batch.to_pylist()
        dropped.update(row["dropped"] for row in rows if row["dropped"])
        kept = [row for row in rows if not row["dropped"]]
        for row, tokens in zip(kept, bpe.encode(kernel, [row["text"] for row in kept]), strict=True):
            yield Document(row["name"], row["url"], tokens)


STAGE = Stage(
    Shards,
    shards,
    reads=reads,
    sources=sources,
    writes=lambda settings: [SHARDS.at(settings.version, settings.source)],
)

if __name__ == "__main__":
    runner.run(STAGE)

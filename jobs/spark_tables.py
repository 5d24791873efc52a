"""Datasets of the lake as Spark frames.

Reading hands Spark exactly the files that the manifest names. Writing lets each task write its own part with pyarrow
straight into the lake and report rows, bytes and checksum: the same code for a folder and an object store, no commit
protocol, no extra jars, and a part's name depends on nothing but its number.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.lake import tables
from jobs.lake.catalog import Lake, write_parquet
from jobs.lake.datasets import Address
from jobs.lake.manifest import Manifest
from jobs.lake.storage import Storage, WrittenFile

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

CHECKS_AT_A_TIME = 16  # a crawl has tens of thousands of files, and an object store answers in tens of milliseconds
FILE_SCHEMA = "name string, rows long, bytes long, sha256 string"


def read(
    spark: "SparkSession",
    lake: Lake,
    addresses: Sequence[Address],
    manifests: Sequence[Manifest],
    columns: Sequence[str] = (),
) -> "DataFrame":
    """The rows of finished addresses of one dataset. Raises SchemaMismatch where a file's columns are not its own."""
    schema = addresses[0].dataset.schema
    if schema is None:
        raise ValueError(f"{addresses[0].dataset.name} is a folder of files, not a table")
    names = [f"{a.folder}/{f.name}" for a, m in zip(addresses, manifests, strict=True) for f in m.files
             if f.name.endswith(".parquet")]  # fmt: skip
    with ThreadPoolExecutor(CHECKS_AT_A_TIME) as pool:
        list(pool.map(partial(_check_columns, lake.storage, schema), names))
    spark_schema = to_spark(schema)
    if not names:
        frame = spark.createDataFrame([], spark_schema)
    elif lake.storage.is_local:
        frame = spark.read.schema(spark_schema).parquet(*("file://" + lake.storage.path(n) for n in names))
    else:
        frame = _read_by_pyarrow(spark, lake.storage.uri, names, spark_schema)
    return frame.select(*columns) if columns else frame


def write(frame: "DataFrame", lake: Lake, address: Address, key: str, parts: int) -> list[WrittenFile]:
    """Write a frame as `parts` files split by hash of `key` and sorted by it. The key must be unique: the bytes then
    depend on the rows alone."""
    schema = address.dataset.schema
    if schema is None:
        raise ValueError(f"{address.dataset.name} is a folder of files, not a table")
    frame = frame.select(*schema.names).repartition(parts, key).sortWithinPartitions(key)
    rows = frame.mapInArrow(part_writer(lake.storage.uri, address), FILE_SCHEMA).collect()
    return sorted((WrittenFile(r["name"], r["rows"], r["bytes"], r["sha256"]) for r in rows), key=lambda f: f.name)


def part_writer(uri: str, address: Address) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What a task does with its partition: write one Parquet file, report one row."""

    def write_part(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from pyspark import TaskContext

        context = TaskContext.get()
        assert context is not None, "runs inside a Spark task only"
        name = f"part-{context.partitionId():05d}.parquet"
        file = write_parquet(Storage(uri), address, name, batches)
        yield pa.RecordBatch.from_pydict(
            {"name": [file.name], "rows": [file.rows], "bytes": [file.bytes], "sha256": [file.sha256]}
        )

    return write_part


def to_spark(schema: pa.Schema) -> "StructType":
    """A pyarrow schema as Spark's, all columns nullable as Parquet readers have them."""
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(schema)


def _check_columns(storage: Storage, schema: pa.Schema, name: str) -> None:
    with storage.open_input(name) as stream:
        tables.check(schema, pq.read_schema(stream), name)


def _read_by_pyarrow(spark: "SparkSession", uri: str, names: Sequence[str], schema: "StructType") -> "DataFrame":
    """Object stores without Hadoop's connectors: a task per file reads it through the lake's own file system."""

    def read_files(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        storage = Storage(uri)
        for batch in batches:
            for name in batch.column("name").to_pylist():
                with storage.open_input(name) as stream:
                    yield from pq.ParquetFile(stream).iter_batches()

    frame = spark.createDataFrame([(n,) for n in names], "name string").repartition(len(names))
    return frame.mapInArrow(read_files, schema)

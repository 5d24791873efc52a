"""Finds single rows in large datasets: column by column, so that texts stay unread."""

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.lake.catalog import Lake
from jobs.lake.datasets import Address

Row = dict[str, Any]


def rows(lake: Lake, address: Address, columns: Sequence[str], where: str, among: Collection[str]) -> list[Row]:
    """The columns of all rows whose column `where` is among these values; empty where the dataset is not finished."""
    found: list[Row] = []
    wanted = pa.array(sorted(among), pa.string())
    for file in _tables(lake, address):
        with lake.storage.open_input(file) as stream:
            parquet = pq.ParquetFile(stream)
            for group in range(parquet.num_row_groups):
                hits = pc.is_in(parquet.read_row_group(group, [where])[where], wanted)
                if pc.any(hits).as_py():
                    found += parquet.read_row_group(group, list(columns)).filter(hits).to_pylist()
    return found


def values(lake: Lake, address: Address, column: str) -> set[str]:
    """Everything that a column holds."""
    found: set[str] = set()
    for file in _tables(lake, address):
        with lake.storage.open_input(file) as stream:
            for batch in pq.ParquetFile(stream).iter_batches(columns=[column]):
                found.update(pc.unique(batch[column]).to_pylist())
    return found


def json_rows(lake: Lake, address: Address, prefix: str, holding: str) -> Iterator[Row]:
    """The lines of a dataset's JSON files of this name's beginning that hold a word."""
    manifest = lake.find(address)
    word = holding.encode()
    for file in manifest.files if manifest else ():
        if file.name.startswith(prefix):
            lines = lake.storage.read(f"{address.folder}/{file.name}").splitlines()
            yield from (json.loads(line) for line in lines if word in line)


def _tables(lake: Lake, address: Address) -> Iterator[str]:
    if lake.find(address) is not None:
        for file in lake.require(address, "explain").files:
            if file.name.endswith(".parquet"):
                yield f"{address.folder}/{file.name}"

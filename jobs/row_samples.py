"""A bounded, deterministic sample of a table's rows: those whose page_id lies below a bound.

page_id is a hash, so the rows below a bound are a random sample, the same in every run, and rows that share a page_id
are in it together or not at all: a sample sees repeated ids as the whole does. Of a large table only page_id is read
throughout; other columns only of the row groups that hold a chosen row.
"""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.lake.storage import Storage, WrittenFile

MARGIN = 0.97  # of the limit is aimed at: at 200,000 rows a random sample strays by 0.2%


def id_bound(rows: int, limit: int) -> str:
    """16 hex digits: about MARGIN * limit of that many random page_ids are smaller; 'g' above all where all fit."""
    if rows <= limit:
        return "g"
    return f"{int(limit * MARGIN * 2**64) // rows:016x}"


def sampled_rows(
    storage: Storage, folder: str, files: Sequence[WrittenFile], columns: Sequence[str], limit: int
) -> Iterator[pa.RecordBatch]:
    """Batches of at most `limit` rows of the Parquet files in a folder of the lake, in the order of file names.

    Files may belong to a dataset that is not published yet. Where all rows fit they all come, in their order.
    """
    tables = sorted((f for f in files if f.name.endswith(".parquet")), key=lambda f: f.name)
    rows = sum(f.rows for f in tables)
    bound, left = id_bound(rows, limit), limit
    for file in tables:
        with storage.open_input(f"{folder}/{file.name}") as stream:
            parquet = pq.ParquetFile(stream)
            for group in range(parquet.num_row_groups):
                chosen = None
                if rows > limit:
                    ids = parquet.read_row_group(group, columns=["page_id"])["page_id"]
                    chosen = pc.less(ids, bound)
                    if not pc.any(chosen).as_py():
                        continue
                table = parquet.read_row_group(group, columns=list(columns))
                table = (table if chosen is None else table.filter(chosen)).slice(0, left)
                left -= table.num_rows
                yield from table.to_batches()
                if left <= 0:
                    return

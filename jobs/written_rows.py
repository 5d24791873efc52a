"""What a stage has just written, read back for its figures before it is published: no second Spark job for a sum."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.lake.catalog import Publication


def read(publication: Publication, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The columns of all tables written so far, file by file."""
    for file in sorted(publication.files, key=lambda f: f.name):
        with publication.lake.storage.open_input(publication.name(file.name)) as stream:
            yield from pq.ParquetFile(stream).iter_batches(columns=list(columns))

"""Documents from files that are not pages: code, papers, books, as JSON lines or Parquet with a text column."""

import fnmatch
import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.lake.storage import Storage

ENDINGS = (".jsonl", ".jsonl.gz", ".parquet")
WILDCARDS = "*?["
ENDS_BYTES = 1 << 16
ROWS_A_BATCH = 256
BUFFER_BYTES = 1 << 20


@dataclass(frozen=True)
class TextFiles:
    """Files below a folder or object-store URI."""

    root: str
    names: tuple[str, ...]

    @classmethod
    def matching(cls, pattern: str) -> "TextFiles":
        """The files of a glob such as `/data/code/*.jsonl.gz` or `s3://bucket/papers/*`, sorted; `*` crosses `/`."""
        folder, name = _split(pattern)
        found = (n for n in Storage(folder).files("") if fnmatch.fnmatchcase(n, name) and n.endswith(ENDINGS))
        return cls(folder, tuple(found))

    def digest(self) -> str:
        """Names, sizes and both ends of the files: tells changed input at once, whatever its size."""
        storage, digest = Storage(self.root), hashlib.sha256()
        for name in self.names:
            with storage.open_input(name) as stream:
                size = stream.size()
                digest.update(f"{name} {size}\n".encode() + stream.read_at(min(size, ENDS_BYTES), 0))
                digest.update(stream.read_at(min(size, ENDS_BYTES), max(0, size - ENDS_BYTES)))
        return digest.hexdigest()[:16]


@dataclass(frozen=True)
class TextRow:
    """A row of a file: a document, or the reason why it is none."""

    name: str
    """FILE#ROW, rows from 0."""
    url: str = ""
    text: str = ""
    broken: str = ""


def read_rows(storage: Storage, file: str, text_column: str) -> Iterator[TextRow]:
    """Every row of a file. A file that breaks off gives its rows up to there and one broken row."""
    number = -1
    rows = _parquet_rows(storage, file) if file.endswith(".parquet") else _lines(storage, file)
    try:
        for number, row in enumerate(rows):
            yield _row(f"{file}#{number}", row, text_column)
    except (OSError, EOFError, zlib.error, pa.ArrowInvalid) as error:
        yield TextRow(f"{file}#{number + 1}", broken=f"unreadable_file: {type(error).__name__}")


def _row(name: str, row: Any, text_column: str) -> TextRow:
    if not isinstance(row, dict):
        return TextRow(name, broken="not_a_json_object")
    text, url = row.get(text_column), row.get("url")
    if not isinstance(text, str):
        return TextRow(name, broken=f"no_{text_column}")
    if not text.strip():
        return TextRow(name, broken="empty_text")
    # A lone surrogate comes out of JSON escapes and is no character.
    text = text.encode("utf-8", "replace").decode()
    return TextRow(name, url if isinstance(url, str) and url.isprintable() else "", text)


def _lines(storage: Storage, file: str) -> Iterator[Any]:
    """The JSON values of a file line by line; None for a line that is none."""
    with storage.open_input(file) as stream:
        plain = gzip.GzipFile(fileobj=stream) if file.endswith(".gz") else stream
        for line in io.BufferedReader(plain, BUFFER_BYTES):
            if line.strip():
                try:
                    yield json.loads(line)
                except ValueError:
                    yield None


def _parquet_rows(storage: Storage, file: str) -> Iterator[Any]:
    with storage.open_input(file) as stream:
        for batch in pq.ParquetFile(stream).iter_batches(ROWS_A_BATCH):
            yield from batch.to_pylist()


def _split(pattern: str) -> tuple[str, str]:
    """A glob as (folder without wildcards, pattern below it)."""
    parts: Sequence[str] = pattern.split("/")
    plain = next((i for i, part in enumerate(parts[:-1]) if any(w in part for w in WILDCARDS)), len(parts) - 1)
    folder = "/".join(parts[:plain])
    return folder or ("/" if pattern.startswith("/") else "."), "/".join(parts[plain:])

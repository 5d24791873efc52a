"""The lake as stages see it: what is finished, what may be read, and how something new is published.

lake = Lake("s3://bucket/prefix")
pages = lake.require(PAGES.at("v1", "CC-MAIN-2026-43"), reader="recall round 1")
publication = lake.begin(RECALLED.at("v1", 1), provenance)     # None: it stands there finished already
publication.write_table("part-00000.parquet", table)
publication.finish(rows_in=1000, dropped={"below_cut": 900})
"""

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.lake import tables
from jobs.lake.datasets import Address, Dataset
from jobs.lake.manifest import MANIFEST, Manifest, Provenance, commit
from jobs.lake.settings import JsonValue
from jobs.lake.storage import Storage, WrittenFile

COMPRESSION = "zstd"
READ_BATCH_ROWS = 4096
ROW_GROUP_ROWS = 8192  # some 25 MB of page texts: large enough to compress and scan well, small enough to hold


class LakeError(RuntimeError):
    """The lake refuses; the message says what, where and what to do."""


class Unfinished(LakeError):
    """An input has no manifest: it was never made, or the run that made it died."""


class Damaged(LakeError):
    """A file that the manifest names is missing or has another size or checksum."""


class Differs(LakeError):
    """Something else stands at the address already."""


@dataclass(frozen=True)
class Lake:
    """All datasets under one root, a folder or an object-store URI."""

    root: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "_storage", Storage(self.root))

    @property
    def storage(self) -> Storage:
        return self._storage  # type: ignore[attr-defined,no-any-return]

    def find(self, address: Address) -> Manifest | None:
        """The manifest at an address, None where nothing finished stands there."""
        name = f"{address.folder}/{MANIFEST}"
        if not self.storage.exists(name):
            return None
        return Manifest.from_json(self.storage.read(name), self.storage.address(name))

    def require(self, address: Address, reader: str) -> Manifest:
        """The manifest of a finished input whose files are all there. Raises Unfinished or Damaged."""
        manifest = self.find(address)
        if manifest is None:
            raise Unfinished(
                f"{reader}: {address} has no manifest under {self.storage.address('')}; run '{address.remedy}' first"
            )
        for file in manifest.files:
            size = self.storage.size(f"{address.folder}/{file.name}")
            if size != file.bytes:
                found = "is missing" if size is None else f"has {size} bytes"
                raise Damaged(
                    f"{reader}: {address}/{file.name} {found}, its manifest says {file.bytes}; "
                    f"build it again with '{address.remedy} ARGS=--replace'"
                )
        return manifest

    def finished(self, dataset: Dataset, version: str) -> list[Address]:
        """All finished addresses of one version, in order of their parts (numbers by value)."""
        if not dataset.split_by:
            address = dataset.at(version)
            return [address] if self.find(address) else []
        parts = [f.partition("=")[2] for f in self.storage.folders(f"{dataset.name}/{version}")]
        parts.sort(key=lambda p: (0, int(p), p) if p.isdigit() else (1, 0, p))
        return [a for p in parts if p and self.find(a := dataset.at(version, p))]

    def read_table(self, address: Address, columns: list[str] | None = None, reader: str = "read") -> pa.Table:
        """A whole table in memory: for small datasets and for tests."""
        batches = list(self.read_batches(address, columns, reader))
        if batches:
            return pa.Table.from_batches(batches)
        schema = _schema(address)
        return (pa.schema([schema.field(c) for c in columns]) if columns else schema).empty_table()

    def read_batches(
        self, address: Address, columns: list[str] | None = None, reader: str = "read"
    ) -> Iterator[pa.RecordBatch]:
        """Record batches in file order. Raises SchemaMismatch where a file's columns are not the dataset's."""
        for file in self.require(address, reader).files:
            if file.name.endswith(".parquet"):
                with self.storage.open_input(f"{address.folder}/{file.name}") as stream:
                    parquet = pq.ParquetFile(stream)
                    tables.check(_schema(address), parquet.schema_arrow, f"{address}/{file.name}")
                    yield from parquet.iter_batches(READ_BATCH_ROWS, columns=columns)

    def verify(self, address: Address) -> None:
        """Read every byte and compare checksums. Raises Damaged."""
        for file in self.require(address, "verify").files:
            found = self.storage.sha256(f"{address.folder}/{file.name}")
            if found != file.sha256:
                raise Damaged(f"{address}/{file.name}: sha256 is {found}, its manifest says {file.sha256}")

    def begin(
        self,
        address: Address,
        provenance: Provenance,
        replace_existing: bool = False,
        locations: dict[str, str] | None = None,
    ) -> "Publication | None":
        """Start writing at an address; None where the same thing stands there finished.

        Leftovers of a run that died are removed. Raises Differs where something else stands there; `locations` (where
        inputs lie, no part of the fingerprint) then help to see what.
        """
        manifest = self.find(address)
        if manifest is not None and not replace_existing:
            if manifest.fingerprint == provenance.fingerprint:
                return None
            lines = manifest.provenance.differences(provenance)
            for name, place in (locations or {}).items():
                if (before := manifest.locations.get(name)) != place:
                    lines.append(f"{name}: {before} -> {place}")
            raise Differs(
                f"{provenance.stage}: {address} under {self.storage.address('')} was made from something else:\n  "
                + "\n  ".join(lines)
                + "\nchoose another version (--version NAME, or make ... VERSION=NAME), another lake (LAKE=...), "
                "or --replace to build it again here"
            )
        if manifest is not None:
            self.storage.delete(f"{address.folder}/{MANIFEST}")  # first: half-deleted data must not look finished
        for name in self.storage.files(address.folder):
            self.storage.delete(name)
        return Publication(self, address, provenance, locations or {})


class Publication:
    """One address being written. Nothing is visible to readers before `finish`."""

    def __init__(self, lake: Lake, address: Address, provenance: Provenance, locations: dict[str, str]) -> None:
        self.lake = lake
        self.address = address
        self.provenance = provenance
        self.locations = locations
        self.files: list[WrittenFile] = []
        self._started = time.monotonic()

    def name(self, file: str) -> str:
        """The name below the lake's root of one of this dataset's files."""
        return f"{self.address.folder}/{file}"

    def write_table(self, file: str, table: pa.Table) -> WrittenFile:
        """One Parquet file. Raises SchemaMismatch."""
        return self.add(write_parquet(self.lake.storage, self.address, file, table.to_batches()))

    def write(self, file: str, data: bytes) -> WrittenFile:
        return self.add(replace(self.lake.storage.write(self.name(file), data), name=file))

    def write_json(self, file: str, value: JsonValue) -> WrittenFile:
        return self.write(file, json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True).encode())

    def put(self, file: str, local_path: str) -> WrittenFile:
        """Copy a local file in, for libraries that write only to local paths."""
        with open(local_path, "rb") as source:
            return self.add(replace(self.lake.storage.put(self.name(file), source), name=file))

    def add(self, file: WrittenFile) -> WrittenFile:
        """Take up a file that was written elsewhere, for instance by a Spark worker."""
        self.files.append(file)
        return file

    def finish(
        self,
        rows_in: int = 0,
        dropped: dict[str, int] | None = None,
        figures: dict[str, JsonValue] | None = None,
    ) -> Manifest:
        """Write the manifest: from now on readers see the dataset. Unnamed leftovers are removed before."""
        names = {self.name(f.name) for f in self.files}
        for leftover in set(self.lake.storage.files(self.address.folder)) - names:
            self.lake.storage.delete(leftover)
        manifest = Manifest(
            address=str(self.address),
            provenance=self.provenance,
            rows=sum(f.rows for f in self.files),
            size=sum(f.bytes for f in self.files),
            files=tuple(sorted(self.files, key=lambda f: f.name)),
            rows_in=rows_in,
            dropped=dict(sorted((dropped or {}).items())),
            figures=figures or {},
            locations=self.locations,
            commit=commit(),
            finished_at=datetime.now(UTC).isoformat(timespec="seconds"),
            seconds=round(time.monotonic() - self._started, 1),
        )
        self.lake.storage.write(self.name(MANIFEST), manifest.to_json())
        return manifest


def write_parquet(storage: Storage, address: Address, file: str, batches: Iterable[pa.RecordBatch]) -> WrittenFile:
    """Stream record batches into one Parquet file of a dataset. Raises SchemaMismatch."""
    schema, rows = _schema(address), 0
    name = f"{address.folder}/{file}"
    with storage.open_output(name) as sink, pq.ParquetWriter(sink, schema, compression=COMPRESSION) as writer:
        group: list[pa.RecordBatch] = []
        for batch in batches:
            tables.check(schema, batch.schema, f"writing {address}")
            columns = [c.cast(f.type) for c, f in zip(batch.columns, schema, strict=True)]
            group.append(pa.RecordBatch.from_arrays(columns, schema=schema))
            rows += batch.num_rows
            if sum(b.num_rows for b in group) >= ROW_GROUP_ROWS:
                writer.write_table(pa.Table.from_batches(group, schema))
                group = []
        if group:
            writer.write_table(pa.Table.from_batches(group, schema))
    return WrittenFile(file, rows, sink.bytes, sink.sha256)


def _schema(address: Address) -> pa.Schema:
    if address.dataset.schema is None:
        raise ValueError(f"{address.dataset.name} is a folder of files, not a table")
    return address.dataset.schema

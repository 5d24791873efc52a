"""One interface to local folders and object stores: every byte of the lake goes through here.

Local paths and s3 go through pyarrow's own file systems; any other scheme (gs, abfs, memory, ...) through fsspec.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import fsspec
import pyarrow as pa
from pyarrow import fs

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class WrittenFile:
    """A file of a dataset: its name below the address, rows (0 where it is no table), bytes, sha256 in hex."""

    name: str
    rows: int
    bytes: int
    sha256: str


class HashingSink:
    """A writable file object that counts and hashes what passes through: a checksum without reading back."""

    def __init__(self, stream: pa.NativeFile) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self.bytes = 0

    def write(self, data: bytes) -> int:
        self._stream.write(data)
        self._digest.update(data)
        self.bytes += memoryview(data).nbytes
        return memoryview(data).nbytes

    def tell(self) -> int:
        return self.bytes

    def flush(self) -> None:
        self._stream.flush()

    def close(self) -> None:
        self._stream.close()

    @property
    def closed(self) -> bool:
        return bool(self._stream.closed)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


@dataclass(frozen=True)
class Storage:
    """A root URI and the file system that serves it; all names are relative to the root, with forward slashes."""

    uri: str

    def __post_init__(self) -> None:
        filesystem, base = _open(self.uri)
        object.__setattr__(self, "_filesystem", filesystem)
        object.__setattr__(self, "_base", base.rstrip("/"))

    @property
    def filesystem(self) -> fs.FileSystem:
        return self._filesystem  # type: ignore[attr-defined,no-any-return]

    @property
    def is_local(self) -> bool:
        return isinstance(self.filesystem, fs.LocalFileSystem)

    def path(self, name: str) -> str:
        """The file system's own path of a name; refuses names that would leave the root."""
        if name.startswith("/") or ".." in name.split("/"):
            raise ValueError(f"{name!r} is not a name below {self.uri}")
        return f"{self._base}/{name}" if name else str(self._base)  # type: ignore[attr-defined]

    def address(self, name: str) -> str:
        """A name as a person or Spark would write it: with the root's scheme."""
        return self.path(name) if self.is_local else f"{self.uri.rstrip('/')}/{name}"

    def exists(self, name: str) -> bool:
        return bool(self.filesystem.get_file_info(self.path(name)).type == fs.FileType.File)

    def size(self, name: str) -> int | None:
        """Bytes of a file, None where there is none."""
        info = self.filesystem.get_file_info(self.path(name))
        return int(info.size) if info.type == fs.FileType.File else None

    def files(self, name: str) -> list[str]:
        """Names of all files below, sorted; empty where there is no such folder."""
        selector = fs.FileSelector(self.path(name), allow_not_found=True, recursive=True)
        start = len(self.path("")) + 1
        return sorted(i.path[start:] for i in self.filesystem.get_file_info(selector) if i.type == fs.FileType.File)

    def folders(self, name: str) -> list[str]:
        """Names (last part only) of the folders directly below, sorted."""
        selector = fs.FileSelector(self.path(name), allow_not_found=True)
        return sorted(i.base_name for i in self.filesystem.get_file_info(selector) if i.type == fs.FileType.Directory)

    def read(self, name: str) -> bytes:
        with self.filesystem.open_input_stream(self.path(name), compression=None) as stream:
            return bytes(stream.read())

    def open_input(self, name: str) -> pa.NativeFile:
        """Random access: on an object store every read is a range request."""
        return self.filesystem.open_input_file(self.path(name))

    @contextmanager
    def open_output(self, name: str) -> Iterator[HashingSink]:
        """A file that appears whole or not at all: a local file is moved into place, an object is put on close."""
        path = self.path(name)
        writing = f"{path}.writing" if self.is_local else path
        if self.is_local:
            self.filesystem.create_dir(os.path.dirname(path), recursive=True)
        sink = HashingSink(self.filesystem.open_output_stream(writing, compression=None))
        try:
            yield sink
        except BaseException:
            if self.is_local:
                sink.close()
                self.filesystem.delete_file(writing)
            raise
        sink.close()
        if self.is_local:
            _flush_to_disk(writing)
            self.filesystem.move(writing, path)

    def write(self, name: str, data: bytes) -> WrittenFile:
        with self.open_output(name) as sink:
            sink.write(data)
        return WrittenFile(name, 0, sink.bytes, sink.sha256)

    def put(self, name: str, source: BinaryIO) -> WrittenFile:
        with self.open_output(name) as sink:
            while chunk := source.read(CHUNK_BYTES):
                sink.write(chunk)
        return WrittenFile(name, 0, sink.bytes, sink.sha256)

    def sha256(self, name: str) -> str:
        digest = hashlib.sha256()
        with self.filesystem.open_input_stream(self.path(name), compression=None) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                digest.update(chunk)
        return digest.hexdigest()

    def delete(self, name: str) -> None:
        """Remove a file, or a folder with all below it; nothing there is no error."""
        info = self.filesystem.get_file_info(self.path(name))
        if info.type == fs.FileType.Directory:
            self.filesystem.delete_dir(self.path(name))
        elif info.type == fs.FileType.File:
            self.filesystem.delete_file(self.path(name))

    @contextmanager
    def local_copy(self, name: str) -> Iterator[Path]:
        """A local path to a file or folder, for libraries that read only those; a copy is removed afterwards."""
        if self.is_local:
            yield Path(self.path(name))
            return
        folder = Path(tempfile.mkdtemp(prefix="lake-"))
        try:
            for file in [name] if self.exists(name) else self.files(name):
                target = folder / file
                target.parent.mkdir(parents=True, exist_ok=True)
                with (
                    self.filesystem.open_input_stream(self.path(file), compression=None) as stream,
                    target.open("wb") as out,
                ):
                    shutil.copyfileobj(stream, out, CHUNK_BYTES)
            yield folder / name
        finally:
            shutil.rmtree(folder)


def _flush_to_disk(path: str) -> None:
    """A manifest must not outlive the data it names when the power goes."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open(uri: str) -> tuple[fs.FileSystem, str]:
    scheme, separator, rest = uri.partition("://")
    if not separator or scheme == "file":
        return fs.LocalFileSystem(), os.path.abspath(os.path.expanduser(rest if separator else uri))
    if scheme in ("s3", "s3a"):
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        plain = bool(endpoint) and str(endpoint).startswith("http://")
        host = endpoint.split("://", 1)[-1].rstrip("/") if endpoint else None
        return fs.S3FileSystem(
            endpoint_override=host, scheme="http" if plain else "https", region=os.environ.get("AWS_REGION")
        ), rest
    other, base = fsspec.core.url_to_fs(uri)  # its own spelling of the path: listings come back in it
    return fs.PyFileSystem(fs.FSSpecHandler(other)), base

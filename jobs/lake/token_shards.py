"""Token shards: the tokens of one source as flat files that training maps into memory.

    shards/v1/source=math/
        tokens-00000.bin         uint32, little endian: documents one after another, each ended by <eos>
        documents-00000.parquet  name, url, length in tokens (its <eos> counted), in the order of the tokens
        info.json                tokenizer, vocabulary, <eos>, counts per shard

A shard holds whole documents. A token's place is its number in the concatenation of all shards, so that training can
say how far it read by one number, whatever the shards' sizes.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.lake.catalog import Damaged, Lake, LakeError
from jobs.lake.datasets import Address
from jobs.lake.settings import JsonValue
from jobs.lake.storage import Storage, WrittenFile
from jobs.lake.tables import INTEGER, TEXT, column

FORMAT = 1
INFO = "info.json"
TOKEN_TYPE = np.dtype("<u4")
INDEX_ROWS = 1 << 14  # documents in one row group of the index

DOCUMENTS = pa.schema([
    column("name", TEXT, "page_id of a page, FILE#ROW of a row of another source's file"),
    column("url", TEXT, "URL of the document, '' where the source has none"),
    column("length", INTEGER, "tokens of the document, its <eos> counted"),
])  # fmt: skip


@dataclass(frozen=True)
class Document:
    """A document as it goes into a shard; tokens are without the closing <eos>."""

    name: str
    url: str
    tokens: Sequence[int] | npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Entry:
    """What the index says of a document: its page_id or FILE#ROW, and its URL, '' where it has none."""

    name: str
    url: str


@dataclass(frozen=True)
class Shard:
    """One pair of files of a source."""

    tokens_file: str
    documents_file: str
    tokens: int
    documents: int


@dataclass(frozen=True)
class ShardsInfo:
    """What info.json says: what the tokens mean and how many there are."""

    source: str
    tokenizer: str
    """`tokenizer_fingerprint` of the tokenizer.json that made the tokens."""
    vocabulary: int
    eos: int
    shards: tuple[Shard, ...]

    def to_json(self) -> dict[str, JsonValue]:
        counts = {"tokens": sum(s.tokens for s in self.shards), "documents": sum(s.documents for s in self.shards)}
        return {"format": FORMAT, **asdict(self), "shards": [asdict(s) for s in self.shards], **counts}

    @classmethod
    def from_json(cls, data: bytes, where: str) -> "ShardsInfo":
        """Raises Damaged where the file cannot be read, is of another format, or its counts disagree."""
        try:
            record = json.loads(data)
            found, tokens, documents = record.pop("format"), record.pop("tokens"), record.pop("documents")
            if found != FORMAT:
                raise ValueError(f"format {found}, this code reads format {FORMAT}")
            record["shards"] = tuple(Shard(**s) for s in record["shards"])
            info = cls(**record)
        except (KeyError, TypeError, ValueError) as error:
            raise Damaged(f"{where} cannot be read: {error}") from error
        summed = (sum(s.tokens for s in info.shards), sum(s.documents for s in info.shards))
        if summed != (tokens, documents):
            raise Damaged(f"{where} says {tokens} tokens in {documents} documents, its shards sum to {summed}")
        return info


def write_shard(
    storage: Storage, address: Address, number: int, documents: Iterable[Document], eos: int
) -> tuple[Shard, WrittenFile, WrittenFile]:
    """Stream documents into one shard and end each with <eos>.

    Returns the shard and its two files, which the caller adds to the publication of `address`.
    """
    shard = Shard(f"tokens-{number:05d}.bin", f"documents-{number:05d}.parquet", 0, 0)
    tokens = total = 0
    names: list[str] = []
    urls: list[str] = []
    lengths: list[int] = []
    with (
        storage.open_output(f"{address.folder}/{shard.tokens_file}") as token_sink,
        storage.open_output(f"{address.folder}/{shard.documents_file}") as index_sink,
        pq.ParquetWriter(index_sink, DOCUMENTS, compression="zstd") as index,
    ):
        for document in documents:
            ended = np.append(np.asarray(document.tokens, dtype=TOKEN_TYPE), TOKEN_TYPE.type(eos))
            token_sink.write(ended.astype(TOKEN_TYPE, copy=False).tobytes())
            names.append(document.name)
            urls.append(document.url)
            lengths.append(len(ended))
            tokens += len(ended)
            total += 1
            if len(names) == INDEX_ROWS:
                index.write_table(pa.table([names, urls, lengths], schema=DOCUMENTS))
                names, urls, lengths = [], [], []
        index.write_table(pa.table([names, urls, lengths], schema=DOCUMENTS))
    return (
        Shard(shard.tokens_file, shard.documents_file, tokens, total),
        WrittenFile(shard.tokens_file, 0, token_sink.bytes, token_sink.sha256),
        WrittenFile(shard.documents_file, total, index_sink.bytes, index_sink.sha256),
    )


class TokenShards:
    """The tokens of one source, read by position; opened for reading only and safe to hand to other processes."""

    def __init__(self, lake: Lake, address: Address, info: ShardsInfo, fingerprint: str) -> None:
        self.address = address
        self.source, self.vocabulary, self.eos = info.source, info.vocabulary, info.eos
        self.tokenizer = info.tokenizer
        self.fingerprint = fingerprint
        """Of the manifest: what a checkpoint keeps to know that it goes on in the same data."""
        self.tokens = sum(s.tokens for s in info.shards)
        self.documents = sum(s.documents for s in info.shards)
        self._lake, self._shards = lake, info.shards
        self._token_starts = _starts(s.tokens for s in info.shards)
        self._document_starts = _starts(s.documents for s in info.shards)
        self._files: dict[int, Any] = {}
        self._bounds: npt.NDArray[np.int64] | None = None

    @classmethod
    def open(cls, lake: Lake, address: Address) -> "TokenShards":
        """Open finished shards: mapped into memory from a folder, read by byte range from an object store.

        Raises Unfinished where they were never made, Damaged where a length is not what info.json says.
        """
        manifest = lake.require(address, "token shards")
        folder = f"{address.folder}/"
        if not lake.storage.exists(folder + INFO):
            raise Damaged(f"{address} has no {INFO}; build it again with '{address.remedy} ARGS=--replace'")
        info = ShardsInfo.from_json(lake.storage.read(folder + INFO), lake.storage.address(folder + INFO))
        for shard in info.shards:
            size = lake.storage.size(folder + shard.tokens_file)
            if size != shard.tokens * TOKEN_TYPE.itemsize:
                raise Damaged(
                    f"{address}/{shard.tokens_file} has {size} bytes, {INFO} says {shard.tokens} tokens of "
                    f"{TOKEN_TYPE.itemsize} bytes; build it again with '{address.remedy} ARGS=--replace'"
                )
        return cls(lake, address, info, manifest.fingerprint)

    def read(self, start: int, count: int) -> npt.NDArray[np.uint32]:
        """Tokens start .. start + count of the concatenation, shape (count,). Raises IndexError beyond the ends."""
        if start < 0 or count < 0 or start + count > self.tokens:
            raise IndexError(f"{self.address} has {self.tokens} tokens; {count} from {start} were asked for")
        out = np.empty(count, dtype=np.uint32)
        filled = 0
        number = int(np.searchsorted(self._token_starts, start, side="right")) - 1
        while filled < count:
            inside = start + filled - int(self._token_starts[number])
            take = min(count - filled, self._shards[number].tokens - inside)
            if take:  # a file of nothing cannot be mapped
                out[filled : filled + take] = self._read_shard(number, inside, take)
            filled += take
            number += 1
        return out

    def document_bounds(self) -> npt.NDArray[np.int64]:
        """First token of every document, and the end: shape (documents + 1,), rising from 0 to `tokens`.

        Raises Damaged where the index does not sum to the tokens.
        """
        if self._bounds is None:
            lengths = [self._index(n, ["length"]).column(0).to_numpy() for n in range(len(self._shards))]
            for shard, found in zip(self._shards, lengths, strict=True):
                if (int(found.sum()), len(found)) != (shard.tokens, shard.documents):
                    raise Damaged(
                        f"{self.address}/{shard.documents_file} tells of {found.sum()} tokens in {len(found)} "
                        f"documents, {INFO} of {shard.tokens} in {shard.documents}"
                    )
            self._bounds = np.concatenate([[0], *lengths]).cumsum(dtype=np.int64)
        return self._bounds

    def entries(self, documents: Sequence[int]) -> list[Entry]:
        """The index of documents by number, in the order asked for; each row group of the index is read once at most.

        Raises IndexError beyond the ends.
        """
        wanted = np.unique(np.asarray(documents, dtype=np.int64))
        outside = wanted[(wanted < 0) | (wanted >= self.documents)]
        if len(outside):
            raise IndexError(f"{self.address} has {self.documents} documents; {outside[0]} was asked for")
        found: list[Entry] = []
        for number, first in enumerate(self._document_starts):
            inside = wanted[(wanted >= first) & (wanted < first + self._shards[number].documents)] - first
            if len(inside):
                found += self._entries_of(number, inside)
        return [found[i] for i in np.searchsorted(wanted, documents)]

    def __getstate__(self) -> dict[str, Any]:
        """Without open files: pickling a memory map would copy all of it."""
        return {**self.__dict__, "_files": {}}

    def _read_shard(self, number: int, start: int, count: int) -> npt.NDArray[np.uint32]:
        name = f"{self.address.folder}/{self._shards[number].tokens_file}"
        storage = self._lake.storage
        if number not in self._files:
            self._files[number] = (
                np.memmap(storage.path(name), dtype=TOKEN_TYPE, mode="r")
                if storage.is_local
                else storage.open_input(name)
            )
        file = self._files[number]
        if isinstance(file, np.memmap):
            return file[start : start + count]
        data = file.read_at(count * TOKEN_TYPE.itemsize, start * TOKEN_TYPE.itemsize)
        return np.frombuffer(data, dtype=TOKEN_TYPE)

    def _entries_of(self, number: int, rows: npt.NDArray[np.int64]) -> list[Entry]:
        """Rows of one shard's index, which rise."""
        name, found, first = f"{self.address.folder}/{self._shards[number].documents_file}", [], 0
        with self._lake.storage.open_input(name) as stream, pq.ParquetFile(stream) as index:
            for group in range(index.num_row_groups):
                end = first + index.metadata.row_group(group).num_rows
                inside = rows[(rows >= first) & (rows < end)] - first
                if len(inside):
                    table = index.read_row_group(group, ["name", "url"]).take(inside)
                    found += [Entry(*pair) for pair in zip(*(c.to_pylist() for c in table.columns), strict=True)]
                first = end
        return found

    def _index(self, number: int, columns: list[str]) -> pa.Table:
        name = f"{self.address.folder}/{self._shards[number].documents_file}"
        with self._lake.storage.open_input(name) as stream:
            return pq.read_table(stream, columns=columns)


def tokenizer_fingerprint(source: bytes) -> str:
    """What names a tokenizer wherever its tokens lie: 16 hex digits of the sha256 of its tokenizer.json."""
    return hashlib.sha256(source).hexdigest()[:16]


def require_same_tokenizer(sources: Sequence[TokenShards], tokenizer: str = "") -> None:
    """Refuse sources whose tokens mean different things. `tokenizer` is the fingerprint they must have, if known."""
    wanted = tokenizer or (sources[0].tokenizer if sources else "")
    for shards in sources:
        if shards.tokenizer != wanted:
            raise LakeError(
                f"{shards.address} was tokenised by {shards.tokenizer}, wanted is {wanted}; "
                f"build it again with '{shards.address.remedy} ARGS=--replace'"
            )


def _starts(counts: Iterator[int] | Iterable[int]) -> npt.NDArray[np.int64]:
    """First place of each shard; a shard of nothing is never found by a search from the right."""
    return np.concatenate([[0], np.fromiter(counts, dtype=np.int64)])[:-1].cumsum(dtype=np.int64)

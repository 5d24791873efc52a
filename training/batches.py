"""What each step trains on, as a pure function of seed and step: so a resume is exact, and every number of processes
sees the same rows in the same order. Rows are packed: several documents share a row, each with an id of its own.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jobs.lake.stage import StageError
from jobs.lake.token_shards import Entry
from training.launch import Ranks
from training.model import PADDING

BLOCK = 1000
"""Sequences after which every source has exactly its share (to a thousandth)."""
FEISTEL_ROUNDS = 4


@dataclass(frozen=True)
class Row:
    """One packed row of T positions: tokens, the targets after them, weights of the targets, document ids."""

    tokens: NDArray[np.int64]
    targets: NDArray[np.int64]
    weights: NDArray[np.float32]
    documents: NDArray[np.int32]


@dataclass(frozen=True)
class Batch:
    """Rows of one forward pass, [B, T] each; `documents` None: rows are one document each, without padding."""

    tokens: Tensor
    targets: Tensor
    weights: Tensor
    documents: Tensor | None

    @property
    def weight(self) -> float:
        """Sum of the weights: how many targets count."""
        return float(self.weights.sum(dtype=torch.float64))

    def to(self, device: torch.device) -> "Batch":
        documents = None if self.documents is None else self.documents.to(device)
        return Batch(self.tokens.to(device), self.targets.to(device), self.weights.to(device), documents)


class Rows(Protocol):
    """An endless, ordered supply of rows."""

    def row(self, index: int) -> Row: ...


def collate(rows: Sequence[Row], keep_documents: bool = True) -> Batch:
    """Rows as one batch, padded on the right to the longest with weight 0 and a document id of padding's own."""
    length = max(len(r.tokens) for r in rows)

    def stack(name: str, fill: int) -> Tensor:
        columns = [getattr(r, name) for r in rows]
        return torch.from_numpy(np.stack([np.pad(c, (0, length - len(c)), constant_values=fill) for c in columns]))

    documents = stack("documents", PADDING) if keep_documents else None
    return Batch(stack("tokens", 0), stack("targets", 0), stack("weights", 0), documents)


def step_batches(
    rows: Rows, step: int, per_step: int, micro_batch: int, ranks: Ranks, keep_documents: bool = True
) -> list[Batch]:
    """This rank's micro-batches of a step: rows step * per_step + rank, + rank + world, ...

    Every rank gets equally many batches, as collectives need; where rows run out a row of weight 0 stands in.
    """
    first = step * per_step
    mine = range(first + ranks.rank, first + per_step, ranks.world)
    most = -(-per_step // ranks.world)
    batches = []
    for start in range(0, most, micro_batch):
        found = [rows.row(i) for i in mine[start : start + micro_batch]]
        if not found:
            filler = rows.row(first)
            found = [replace(filler, weights=np.zeros_like(filler.weights))]
        batches.append(collate(found, keep_documents).to(ranks.device))
    return batches


class TokenSource(Protocol):
    """A stream of tokens with document bounds; `jobs.lake.token_shards.TokenShards` is one."""

    source: str
    tokens: int

    def read(self, start: int, count: int) -> NDArray[np.uint32]: ...

    def document_bounds(self) -> NDArray[np.int64]: ...

    def entries(self, documents: Sequence[int]) -> list[Entry]: ...


@dataclass(frozen=True)
class Span:
    """Where a part of a row comes from."""

    row: int
    """Number of the row in the whole run, from 0."""
    source: str
    document: str
    """page_id of a page, FILE#ROW of a row of another file."""
    url: str
    place: int
    """Position of the part's first token in the row."""
    tokens: int
    offset: int
    """Position of the part's first token in the document."""


class MixedSequences:
    """Sequences of `context` tokens from several sources by share (paper 2.2).

    Each block of 1,000 sequences holds the shares exactly, in an order drawn from the seed. Within a source the windows
    of the stream come in a random order without repetition, a new order and another offset each epoch.
    """

    def __init__(
        self, sources: Sequence[TokenSource], shares: Sequence[float], context: int, seed: int, document_mask: bool
    ) -> None:
        """Raises StageError where a source is shorter than a sequence."""
        for source in sources:
            if source.tokens < context + 1:
                raise StageError(
                    f"source {source.source!r} has {source.tokens:,} tokens, a sequence needs {context + 1:,}; "
                    "give it more text ('make shards') or leave it out of the recipe's mixture"
                )
        self.sources, self.context, self.seed, self.document_mask = sources, context, seed, document_mask
        self.quota = block_quota(shares)
        self._bounds = [s.document_bounds() for s in sources]
        self._block = -1
        self._order, self._rank = _block_order(self.quota, seed, 0)

    def place(self, index: int) -> tuple[int, int]:
        """(source, first token in its stream) of a sequence."""
        block, within = divmod(index, BLOCK)
        if block != self._block:
            self._block = block
            self._order, self._rank = _block_order(self.quota, self.seed, block)
        source = int(self._order[within])
        drawn = block * int(self.quota[source]) + int(self._rank[within])
        return source, self._window(source, drawn)

    def row(self, index: int) -> Row:
        source, start = self.place(index)
        tokens = self.sources[source].read(start, self.context + 1).astype(np.int64)
        bounds = self._bounds[source]
        documents = np.searchsorted(bounds, np.arange(start, start + self.context + 1), side="right")
        documents = (documents - documents[0]).astype(np.int32)
        weights = np.ones(self.context, dtype=np.float32)
        if self.document_mask:  # the first token of a document cannot be told from another document's end
            weights[documents[1:] != documents[:-1]] = 0
        return Row(tokens[:-1], tokens[1:], weights, documents[:-1])

    def trace(self, first: int, count: int) -> list[Span]:
        """The documents that the tokens of `count` sequences come from, in order; the index is read once for all."""
        places = [self.place(index) for index in range(first, first + count)]
        found: list[list[Span]] = [[] for _ in places]
        for source, stream in enumerate(self.sources):
            rows = [(row, start) for row, (of, start) in enumerate(places) if of == source]
            parts = [part for row, start in rows for part in self._parts(row, source, start)]
            for part, entry in zip(parts, stream.entries([p.document for p in parts]), strict=True):
                span = Span(
                    first + part.row, stream.source, entry.name, entry.url, part.place, part.tokens, part.offset
                )
                found[part.row].append(span)
        return [span for of_row in found for span in of_row]

    def realised(self, count: int) -> dict[str, float]:
        """Share of each source in the first `count` sequences, which are equally long."""
        blocks, rest = divmod(count, BLOCK)
        drawn = self.quota * blocks
        drawn = drawn + np.bincount(_block_order(self.quota, self.seed, blocks)[0][:rest], minlength=len(self.quota))
        return {s.source: float(n / max(1, count)) for s, n in zip(self.sources, drawn, strict=True)}

    def epochs(self, count: int) -> dict[str, float]:
        """How often each source's tokens are read in the first `count` sequences."""
        shares = self.realised(count)
        return {s.source: shares[s.source] * count * self.context / s.tokens for s in self.sources}

    def _parts(self, row: int, source: int, start: int) -> Iterator["_Part"]:
        """What a sequence that begins at a token of its stream consists of."""
        bounds, end = self._bounds[source], start + self.context
        document = int(np.searchsorted(bounds, start, side="right")) - 1
        at = start
        while at < end:
            last = min(end, int(bounds[document + 1]))
            if last > at:
                yield _Part(row, document, at - start, last - at, at - int(bounds[document]))
            at, document = last, document + 1

    def _window(self, source: int, drawn: int) -> int:
        tokens = self.sources[source].tokens
        # Another offset each epoch, so that a document is not cut at the same tokens again; the first starts at 0.
        windows = (tokens - 1) // self.context
        spare = tokens - 1 - windows * self.context
        epoch, number = divmod(drawn, windows)
        offset = 0 if epoch == 0 else _hash(self.seed, source, epoch) % (spare + 1)
        return offset + self.context * shuffled(number, windows, f"{self.seed} {source} {epoch}")


@dataclass(frozen=True)
class _Part:
    """A part of a sequence, its document by number."""

    row: int
    document: int
    place: int
    tokens: int
    offset: int


class PackedExamples:
    """Examples joined at random up to a row's length (paper 3), loss on the response's tokens only."""

    def __init__(self, examples: Sequence["Example"], context: int, seed: int) -> None:
        """Every example has at most context + 1 tokens."""
        self.examples, self.context, self.seed = examples, context, seed
        self._lengths = [len(e.tokens) - 1 for e in examples]
        self._epochs = [self._packed(0)]

    @property
    def rows_of_first_epoch(self) -> int:
        return len(self._epochs[0])

    def row(self, index: int) -> Row:
        parts = self._parts(index)
        return Row(
            np.concatenate([p.tokens[:-1] for p in parts]),
            np.concatenate([p.tokens[1:] for p in parts]),
            np.concatenate([p.weights for p in parts]),
            np.repeat(np.arange(len(parts), dtype=np.int32), [len(p.tokens) - 1 for p in parts]),
        )

    def trace(self, first: int, count: int) -> list[Span]:
        """The examples that `count` rows consist of, in order; each begins at its first token."""
        spans = []
        for row in range(first, first + count):
            place = 0
            for example in self._parts(row):
                source, _, _ = example.name.partition("#")
                spans.append(Span(row, source, example.name, "", place, len(example.tokens) - 1, 0))
                place += len(example.tokens) - 1
        return spans

    def _parts(self, index: int) -> list["Example"]:
        epoch = 0
        while index >= len(self._epochs[epoch]):
            index -= len(self._epochs[epoch])
            epoch += 1
            if epoch == len(self._epochs):
                self._epochs.append(self._packed(epoch))
        return [self.examples[i] for i in self._epochs[epoch][index]]

    def _packed(self, epoch: int) -> list[list[int]]:
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self.examples))
        return pack(self._lengths, order, self.context)


@dataclass(frozen=True)
class Example:
    """One example of supervised fine-tuning: prompt and response as one run of token ids."""

    tokens: NDArray[np.int64]
    weights: NDArray[np.float32]
    """One a target (tokens from the second on): 1 for the model's own words, 0 in the prompt and in tool output."""
    name: str = ""
    """Where it comes from: FILE#ROW."""


def pack(lengths: Sequence[int], order: Sequence[int] | NDArray[np.int64], room: int) -> list[list[int]]:
    """Fill rows of `room` positions with items in the given order; a new row begins where the next does not fit."""
    rows: list[list[int]] = []
    left = 0
    for item in order:
        if lengths[item] > left:
            rows.append([])
            left = room
        rows[-1].append(int(item))
        left -= lengths[item]
    return rows


def block_quota(shares: Sequence[float]) -> NDArray[np.int64]:
    """How many of a block's sequences each source gets: its share, rounded so that they add up (largest remainders)."""
    exact = np.asarray(shares) / sum(shares) * BLOCK
    quota = np.floor(exact).astype(np.int64)
    most_left = np.argsort(-(exact - quota), kind="stable")[: BLOCK - int(quota.sum())]
    quota[most_left] += 1
    return quota


def shuffled(number: int, size: int, key: str) -> int:
    """Where `number` of 0..size-1 stands in a random order given by the key, without holding the order in memory.

    A Feistel network over the smallest even number of bits that covers `size`, walked until it lands inside.
    """
    half = max(1, ((size - 1).bit_length() + 1) // 2)
    low = (1 << half) - 1
    value = number
    while True:
        left, right = value >> half, value & low
        for turn in range(FEISTEL_ROUNDS):
            left, right = right, left ^ (_hash(key, turn, right) & low)
        value = left << half | right
        if value < size:
            return value


def _block_order(quota: NDArray[np.int64], seed: int, block: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(source of each sequence of a block, its rank among that source's sequences of the block)."""
    order = np.random.default_rng([seed, block]).permutation(np.repeat(np.arange(len(quota)), quota))
    rank = np.zeros(BLOCK, dtype=np.int64)
    for source in range(len(quota)):
        chosen = order == source
        rank[chosen] = np.arange(int(chosen.sum()))
    return order, rank


def _hash(*words: object) -> int:
    return int.from_bytes(hashlib.blake2b(repr(words).encode(), digest_size=8).digest(), "little")

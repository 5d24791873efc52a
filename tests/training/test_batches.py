"""What a step trains on: the same rows for every number of processes, exact shares, no token lost or seen twice."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from jobs.lake.stage import StageError
from jobs.lake.token_shards import Entry
from training.batches import (
    BLOCK,
    Example,
    MixedSequences,
    PackedExamples,
    Row,
    block_quota,
    pack,
    shuffled,
    step_batches,
)
from training.launch import Ranks
from training.model import PADDING

PAPER = (0.56, 0.20, 0.10, 0.10, 0.04)


@dataclass
class Stream:
    """A source whose token n is `first` + n, in documents of the given length."""

    source: str
    tokens: int
    first: int = 0
    document: int = 10

    def read(self, start: int, count: int) -> NDArray[np.uint32]:
        assert start >= 0 and start + count <= self.tokens
        return np.arange(self.first + start, self.first + start + count, dtype=np.uint32)

    def document_bounds(self) -> NDArray[np.int64]:
        return np.append(np.arange(0, self.tokens, self.document), self.tokens)

    def entries(self, documents: Sequence[int]) -> list[Entry]:
        return [Entry(f"{self.source}#{d}", "") for d in documents]


def mixture(seed: int = 1, document_mask: bool = True) -> MixedSequences:
    streams = [Stream(f"s{i}", 1003, first=10_000 * i) for i in range(len(PAPER))]
    return MixedSequences(streams, PAPER, context=20, seed=seed, document_mask=document_mask)


def test_shares_are_exact_in_every_block_and_close_at_any_point() -> None:
    rows = mixture()
    places = [rows.place(i)[0] for i in range(2 * BLOCK)]
    for block in range(2):
        counts = np.bincount(places[block * BLOCK : (block + 1) * BLOCK])
        assert counts.tolist() == [560, 200, 100, 100, 40]
    realised = rows.realised(1500)
    assert realised == {f"s{i}": places[:1500].count(i) / 1500 for i in range(5)}


@pytest.mark.parametrize("shares", [(0.333, 0.333, 0.334), (0.9995, 0.0005), (1.0,), (1 / 7,) * 7])
def test_a_blocks_quota_is_within_a_thousandth_of_the_shares(shares: tuple[float, ...]) -> None:
    quota = block_quota(shares)
    assert quota.sum() == BLOCK
    assert np.abs(quota / BLOCK - np.array(shares)).max() <= 1e-3


def test_one_epoch_reads_every_window_once_and_the_next_in_another_order() -> None:
    rows = MixedSequences([Stream("only", 1003)], [1.0], context=20, seed=1, document_mask=True)
    first = [rows.place(i)[1] for i in range(50)]
    second = [rows.place(i)[1] for i in range(50, 100)]
    assert sorted(first) == list(range(0, 1000, 20))
    assert sorted(s - min(second) for s in second) == list(range(0, 1000, 20))
    assert first != sorted(first) and [s - min(second) for s in second] != first


@pytest.mark.parametrize("size", [1, 2, 3, 50, 64, 1000])
def test_shuffled_is_a_permutation_that_the_key_decides(size: int) -> None:
    order = [shuffled(i, size, "a") for i in range(size)]
    assert sorted(order) == list(range(size))
    if size > 3:
        assert order != [shuffled(i, size, "b") for i in range(size)]


def test_a_row_carries_targets_and_documents_of_its_stream() -> None:
    rows = MixedSequences([Stream("only", 1003)], [1.0], context=20, seed=1, document_mask=True)
    _, start = rows.place(0)
    row = rows.row(0)
    assert row.tokens.tolist() == list(range(start, start + 20))
    assert row.targets.tolist() == list(range(start + 1, start + 21))
    # Documents of 10 tokens and windows at multiples of 20: the 10th and the 20th target begin another document.
    assert row.documents.tolist() == [0] * 10 + [1] * 10
    assert np.flatnonzero(row.weights == 0).tolist() == [9, 19]


def test_without_a_document_mask_every_target_counts() -> None:
    assert mixture(document_mask=False).row(0).weights.tolist() == [1.0] * 20


def test_tokens_are_traced_to_their_documents() -> None:
    rows = mixture()
    for first, count in ((0, 1), (7, 40), (995, 10)):  # the last one crosses a block
        spans = rows.trace(first, count)
        assert [s.row for s in spans] == sorted(s.row for s in spans)
        for index in range(first, first + count):
            row, of_row = rows.row(index), [s for s in spans if s.row == index]
            assert [s.place for s in of_row] == np.cumsum([0, *(s.tokens for s in of_row)])[:-1].tolist()
            assert sum(s.tokens for s in of_row) == 20
            for span in of_row:
                source, _, document = span.document.partition("#")
                inside = row.tokens[span.place : span.place + span.tokens] - 10_000 * int(source[1:])
                assert inside[0] == 10 * int(document) + span.offset and span.source == source
                assert set(inside // 10) == {int(document)}


def test_a_source_shorter_than_a_sequence_is_refused() -> None:
    with pytest.raises(StageError, match="'short' has 20 tokens, a sequence needs 21"):
        MixedSequences([Stream("short", 20)], [1.0], context=20, seed=1, document_mask=True)


@pytest.mark.parametrize("world", [2, 3, 4])
def test_every_number_of_processes_sees_the_same_rows(world: int) -> None:
    rows, per_step = mixture(), 7
    (whole,) = step_batches(rows, 3, per_step, micro_batch=per_step, ranks=Ranks())
    parts: dict[int, torch.Tensor] = {}
    counts = set()
    for rank in range(world):
        batches = step_batches(rows, 3, per_step, micro_batch=2, ranks=Ranks(rank, world))
        counts.add(len(batches))
        mine = [t for b in batches for t, w in zip(b.tokens, b.weights, strict=True) if w.sum() > 0]
        parts.update(dict(zip(range(rank, per_step, world), mine, strict=True)))
    assert len(counts) == 1, "collectives need equally many batches on every rank"
    assert torch.equal(torch.stack([parts[i] for i in range(per_step)]), whole.tokens)


def test_examples_are_packed_whole_and_each_once_an_epoch() -> None:
    examples = [example(np.arange(100 * i, 100 * i + 3 + i % 5), f"f#{i}") for i in range(20)]
    rows = PackedExamples(examples, context=12, seed=4)
    seen: list[int] = []
    index = 0
    while len(seen) < len(examples):
        row = rows.row(index)
        assert len(row.tokens) <= 12
        for document in np.unique(row.documents):
            part = row.documents == document
            found = examples[int(row.tokens[part][0]) // 100]
            assert row.tokens[part].tolist() == found.tokens[:-1].tolist()
            assert row.targets[part].tolist() == found.tokens[1:].tolist()
            # Of the prompt's two tokens the second is a target, without weight; every token of the response counts.
            assert row.weights[part].tolist() == [0.0] + [1.0] * (len(found.tokens) - 2)
            seen.append(int(found.tokens[0]) // 100)
        index += 1
    assert sorted(seen) == list(range(20)) and seen != list(range(20))
    assert index == rows.rows_of_first_epoch
    assert [s.document for s in rows.trace(0, index)] == [f"f#{i}" for i in seen], "the trace names them in order"


def example(tokens: NDArray[np.int64], name: str) -> Example:
    """An example with a prompt of two tokens."""
    return Example(tokens, np.array([0.0] + [1.0] * (len(tokens) - 2), dtype=np.float32), name)


def test_short_rows_are_padded_apart_and_without_weight() -> None:
    class Two:
        def row(self, index: int) -> Row:
            length = 3 + index
            ones = np.ones(length, dtype=np.int64)
            return Row(ones, ones, np.ones(length, dtype=np.float32), np.zeros(length, dtype=np.int32))

    (batch,) = step_batches(Two(), 0, 2, 2, Ranks())
    assert batch.documents is not None
    assert batch.documents.tolist() == [[0, 0, 0, PADDING], [0, 0, 0, 0]]
    assert batch.weight == 7.0


def test_pack_opens_a_row_where_the_next_item_does_not_fit() -> None:
    assert pack([4, 4, 3, 9, 1], [0, 1, 2, 3, 4], room=10) == [[0, 1], [2], [3, 4]]

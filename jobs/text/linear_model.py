"""The classifier as recall uses it: a weight for each word and n-gram bucket, in a file that every worker maps.

Scores are fastText's own to 1e-4; a tenth of that is what fastText adds to every probability.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from jobs.lake.storage import Storage
from jobs.text.bytes_of_texts import bytes_of
from jobs.text.linear_kernel import HALF, LinearModel, mean_weights, word_hash

LINEAR = "linear.npy"
"""The file's name in the lake's dataset `classifier`."""
DECIMALS = 6  # what differs beyond is the order of summation, and must not decide between two pages


class NotLinear(ValueError):
    """A file that is no linear model."""


def write_linear(path: Path, words: Sequence[bytes], weights: npt.NDArray[np.float32], word_ngrams: int) -> None:
    """Write a model as an npy file of one record. words: in order of their rows; weights: [words + buckets]."""
    letters = np.frombuffer(b"".join(words), np.uint8)
    bounds = np.cumsum([0, *map(len, words)]).astype(np.uint32)
    model: dict[str, np.generic | npt.NDArray[np.generic]] = {
        "word_ngrams": np.int64(word_ngrams), "weights": weights, "slots": slots_of(letters, bounds),
        "bounds": bounds, "letters": letters,
    }  # fmt: skip
    fields = [(name, value.dtype, value.shape) for name, value in model.items()]
    record = np.zeros(1, np.dtype(fields, align=True))
    for name, value in model.items():
        record[name][0] = value
    np.save(path, record)


def slots_of(letters: npt.NDArray[np.uint8], bounds: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint64]:
    """The table of a model's words: at most two thirds full, so that looking for an unknown word ends soon."""
    words = len(bounds) - 1
    slots = np.zeros(1 << (words + words // 2).bit_length(), np.uint64)
    for row, (start, end) in enumerate(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)):
        found = int(word_hash(letters, start, end))
        place = found % len(slots)
        while slots[place]:
            place = (place + 1) % len(slots)
        slots[place] = found << int(HALF) | row + 1
    return slots


def read_linear(path: Path) -> LinearModel:
    """Map a model into memory. Raises NotLinear for a file that `write_linear` did not write."""
    try:
        record = np.asarray(np.lib.format.open_memmap(path, mode="r"))
        word_ngrams, *arrays = (record[name][0] for name in LinearModel._fields)
    except (ValueError, IndexError, OSError) as error:
        raise NotLinear(f"{path}: {error}") from error
    model = LinearModel(int(word_ngrams), *arrays)
    _check(path, model)
    return model


def _check(path: Path, model: LinearModel) -> None:
    """Machine code follows these numbers without looking: a wrong one would read whatever lies in memory."""
    _, weights, slots, bounds, letters = model
    words = len(bounds) - 1
    kinds = [a.dtype.str for a in (weights, slots, bounds, letters)]
    rows = slots & np.uint64(0xFFFFFFFF)
    if (
        kinds != ["<f4", "<u8", "<u4", "|u1"]
        or not 0 < words <= len(weights)
        or (model.word_ngrams > 1 and words == len(weights))
        or len(slots) & (len(slots) - 1)
        or slots.all()
        or int(rows.max()) > words
        or (np.diff(bounds.astype(np.int64)) < 0).any()
        or int(bounds[-1]) != len(letters)
    ):
        raise NotLinear(f"{path}: its tables do not fit together")


class LinearScorer:
    """A model that scores normalised texts."""

    def __init__(self, path: Path) -> None:
        self.model = read_linear(path)

    def score(self, lines: Sequence[str]) -> npt.NDArray[np.float64]:
        """Probability of the model's label for each line, in [0, 1], rounded to 6 digits.

        A text counts up to its first line break. One of which the model knows nothing scores 0.
        """
        return self.score_bytes(*bytes_of(lines))

    def score_bytes(self, text: npt.NDArray[np.uint8], bounds: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """The same for UTF-8 texts one after another; bounds: where each begins, and the end of the last."""
        means = mean_weights(text, bounds, self.model)
        with np.errstate(over="ignore"):  # exp of a great number is infinite, and its probability 0
            return np.round(1 / (1 + np.exp(-means)), DECIMALS)


@lru_cache(maxsize=2)
def load(storage_uri: str, name: str, digest: str) -> LinearScorer:
    """The model at a name of the lake, mapped once for each worker process; the digest keeps a rebuilt one apart."""
    with Storage(storage_uri).local_copy(name) as path:  # of a copy that is removed the mapping stays
        return LinearScorer(path)

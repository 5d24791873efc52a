"""A trained fastText model of two labels, read from its file as what it is: one number for each input row.

Such a model averages one vector for each word and word n-gram of a text and feeds the mean h to a softmax over
(w0.h, w1.h). That depends on (w0 - w1).h alone, and h is a mean of rows: so (w0 - w1).row says all there is to say of a
row, whatever the length of the vectors.

Layout of the file (fastText's FastText::saveModel, Args::save, Dictionary::save and DenseMatrix::save): magic, version;
dim, ws, epoch, minCount, neg, wordNgrams, loss, model, bucket, minn, maxn, lrUpdateRate as int32, t as double; size,
nwords, nlabels as int32, ntokens, pruneidx_size as int64; for each entry a zero-ended word, count as int64, type as
int8; then for each of the two matrices a byte that says whether it is quantised, rows and columns as int64, and floats.
"""

import mmap
import struct
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

MAGIC, FORMAT = 793712314, 12
SOFTMAX, SUPERVISED = 3, 3
ROWS_AT_ONCE = 65536
ARGUMENTS = struct.Struct("<ii12id")
COUNTS = struct.Struct("<iiiqq")
MATRIX = struct.Struct("<?qq")
BEHIND_A_WORD = 9  # its count and its type


class NotAModel(ValueError):
    """A file that is no supervised fastText model with two labels."""


@dataclass(frozen=True)
class TwoLabelModel:
    """A model whose every input row is one number."""

    head: bytes
    """Magic, version and arguments, as they stand in the file."""
    dictionary: bytes
    """The dictionary, as it stands in the file."""
    entries: tuple[bytes, ...]
    """The words in order of their rows, then the two labels."""
    weights: npt.NDArray[np.float32]
    """(first label's output row - second's) . input row, shape (words + buckets,)."""

    @cached_property
    def words(self) -> tuple[bytes, ...]:
        return self.entries[:-2]

    @property
    def word_ngrams(self) -> int:
        return int(ARGUMENTS.unpack(self.head)[7])

    def towards(self, label: str) -> npt.NDArray[np.float32]:
        """The weights with the sign under which a positive sum speaks for `label`; raises NotAModel for another."""
        labels = [entry.decode() for entry in self.entries[-2:]]
        if label not in labels:
            raise NotAModel(f"no label {label!r} among {labels}")
        return self.weights if label == labels[0] else -self.weights

    def write(self, path: Path) -> None:
        """Write as a fastText model of dim 1, which fastText itself reads and which gives the same scores.

        The output rows are +1/2 and -1/2: their difference times a row's weight is the weight.
        """
        magic, version, _, *others = ARGUMENTS.unpack(self.head)
        with path.open("wb") as out:
            out.write(ARGUMENTS.pack(magic, version, 1, *others) + self.dictionary)
            out.write(MATRIX.pack(False, len(self.weights), 1))
            self.weights.astype("<f4").tofile(out)
            out.write(MATRIX.pack(False, 2, 1) + np.array([0.5, -0.5], "<f4").tobytes())


def read_model(path: Path) -> TwoLabelModel:
    """Read a supervised softmax model of two labels, with no character n-grams and not quantised; else NotAModel."""
    if path.stat().st_size < ARGUMENTS.size:
        raise NotAModel(f"{path}: not a fastText model file of version {FORMAT}")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            return _read(data)
        except NotAModel as error:
            raise NotAModel(f"{path}: {error}") from None
        except (struct.error, ValueError) as error:
            raise NotAModel(f"{path}: the model file is cut short ({error})") from error


def _read(data: mmap.mmap) -> TwoLabelModel:
    magic, version, dim, _, _, _, _, ngrams, loss, kind, bucket, _, maxn, _, _ = ARGUMENTS.unpack_from(data)
    if (magic, version) != (MAGIC, FORMAT):
        raise NotAModel(f"not a fastText model file of version {FORMAT}")
    if (loss, kind) != (SOFTMAX, SUPERVISED) or maxn > 0 or (ngrams > 1 and bucket < 1):
        raise NotAModel(
            f"model kind {kind}, loss {loss}, maxn {maxn}, word n-grams {ngrams} in {bucket} buckets; "
            "need supervised softmax without character n-grams"
        )
    size, words, labels, _, pruned = COUNTS.unpack_from(data, ARGUMENTS.size)
    if labels != 2 or size != words + labels or pruned >= 0:
        raise NotAModel(f"{labels} labels, {max(pruned, 0)} pruned rows; need two labels and no pruning")
    entries, end = _read_entries(data, ARGUMENTS.size + COUNTS.size, size)
    weights = _read_weights(data, end, dim)
    if len(weights) != words + bucket:
        raise NotAModel(f"{len(weights)} rows for {words} words and {bucket} buckets")
    return TwoLabelModel(data[: ARGUMENTS.size], data[ARGUMENTS.size : end], entries, weights)


def _read_entries(data: mmap.mmap, at: int, size: int) -> tuple[tuple[bytes, ...], int]:
    """The words of the dictionary, and where it ends."""
    entries = []
    for _ in range(size):
        end = data.find(b"\0", at)
        if end < 0:
            raise NotAModel("the model file ends within its dictionary")
        entries.append(data[at:end])
        at = end + 1 + BEHIND_A_WORD
    return tuple(entries), at


def _read_weights(data: mmap.mmap, at: int, dim: int) -> npt.NDArray[np.float32]:
    """The input matrix times the difference of the two output rows, summed in double precision."""
    quantised, rows, columns = MATRIX.unpack_from(data, at)
    first = at + MATRIX.size
    last = first + rows * columns * 4
    output_quantised, labels, output_columns = MATRIX.unpack_from(data, last)
    if quantised or output_quantised or labels != 2 or not dim == columns == output_columns:
        raise NotAModel(f"{labels} labels, dim {columns}/{output_columns}; need two labels and no quantisation")
    output = _floats(data, last + MATRIX.size, 2, dim)
    direction = output[0] - output[1]
    weights = np.empty(rows, np.float32)
    for row in range(0, rows, ROWS_AT_ONCE):
        count = min(ROWS_AT_ONCE, rows - row)
        weights[row : row + count] = _floats(data, first + row * dim * 4, count, dim) @ direction
    return weights


def _floats(data: mmap.mmap, at: int, rows: int, columns: int) -> npt.NDArray[np.float64]:
    """A copy: a view would keep the file mapped."""
    return np.frombuffer(data, "<f4", rows * columns, at).reshape(rows, columns).astype(np.float64)

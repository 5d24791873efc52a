"""fastText: training, a reduced form of the model that scores the same, and scoring.

A supervised fastText model averages one vector for each word and n-gram of a text and feeds it to a softmax. With two
labels only one direction of these vectors counts, the difference of the two output rows, so the model is projected onto
it: dim 1 instead of 256, a two-hundredth of the size, the same scores, still a model file that fastText itself reads.
"""

import ctypes
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from jobs.lake.storage import Storage

if TYPE_CHECKING:
    import numpy as np

LABEL = "__label__"
MAGIC, FORMAT = 793712314, 12
ROWS_AT_ONCE = 65536
M_PERTURB, ZERO_FILL = -6, 0xFF  # glibc's malloc.h; memory is filled with the complement of the byte


class NotAModel(ValueError):
    """A file that is no supervised fastText model with two labels."""


class Diverged(ArithmeticError):
    """The weights ran off to infinity: the learning rate is too high for these examples."""


@dataclass(frozen=True)
class TrainingSettings:
    """Settings of fastText's supervised training; always one thread: several race, and no two runs agree."""

    dim: int
    lr: float
    word_ngrams: int
    min_count: int
    epoch: int
    bucket: int


def train(examples: Path, model: Path, settings: TrainingSettings) -> None:
    """Train on a file of lines `__label__X words...` and write the reduced model.

    Raises Diverged, or ValueError where no word occurs min_count times.
    """
    import fasttext

    try:
        with zeroed_memory():
            trained = fasttext.train_supervised(
                str(examples), dim=settings.dim, lr=settings.lr, epoch=settings.epoch, bucket=settings.bucket,
                wordNgrams=settings.word_ngrams, minCount=settings.min_count, minn=0, maxn=0, thread=1, verbose=0,
            )  # fmt: skip
    except RuntimeError as error:
        if "NaN" in str(error):
            raise Diverged(f"{error} (learning rate {settings.lr} is too high)") from error
        raise
    whole = model.with_suffix(".whole")
    trained.save_model(str(whole))
    try:
        words = reduce(whole, model)
    finally:
        whole.unlink()
    if not words:  # fastText is content with labels alone
        raise ValueError(f"no word occurs {settings.min_count} times")


@contextmanager
def zeroed_memory() -> Iterator[None]:
    """Memory that malloc hands out within is zero, as far as the C library is glibc.

    fastText 0.9.3 with one thread sets only the first tenth of its input matrix to random numbers and reads the rest as
    it finds it. Large matrices come fresh from the system and are zero; small ones come from memory used before, and
    training then ended with "Encountered NaN" or, worse, with another model each time.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        yield
        return
    mallopt(M_PERTURB, ZERO_FILL)
    try:
        yield
    finally:
        mallopt(M_PERTURB, 0)


def reduce(whole: Path, reduced: Path) -> int:
    """Project a supervised two-label model onto the difference of its output rows, as a fastText model of dim 1.

    fastText's softmax over (w0.h, w1.h) depends on (w0 - w1).h alone. The reduced output rows are +1/2 and -1/2, so
    their difference times the projected h is the same number. Returns the words of the dictionary. Raises NotAModel.
    """
    import numpy as np

    with whole.open("rb") as source, reduced.open("wb") as out:
        vector_length, words = _copy_header(source, out)
        quantised = source.read(1)
        rows, dim = struct.unpack("<qq", source.read(16))
        start = source.tell()
        source.seek(start + rows * dim * 4)
        output_quantised = source.read(1)
        labels, output_dim = struct.unpack("<qq", source.read(16))
        if quantised != b"\0" or output_quantised != b"\0" or labels != 2 or output_dim != dim or dim != vector_length:
            raise NotAModel(f"{whole}: {labels} labels, dim {dim}/{output_dim}; need two labels and no quantisation")
        output = np.fromfile(source, "<f4", 2 * dim).reshape(2, dim).astype(np.float64)
        direction = output[0] - output[1]
        out.write(b"\0" + struct.pack("<qq", rows, 1))
        source.seek(start)
        for first in range(0, rows, ROWS_AT_ONCE):
            count = min(ROWS_AT_ONCE, rows - first)
            block = np.fromfile(source, "<f4", count * dim).reshape(count, dim)
            (block @ direction).astype("<f4").tofile(out)
        out.write(b"\0" + struct.pack("<qq", 2, 1) + np.array([0.5, -0.5], "<f4").tobytes())
    return words


def _copy_header(source: BinaryIO, out: BinaryIO) -> tuple[int, int]:
    """Copy magic, arguments and dictionary, with dim set to 1; returns the dim that stood there, and nwords.

    Layout (fastText's FastText::saveModel, Args::save and Dictionary::save): magic, version; dim, ws, epoch, minCount,
    neg, wordNgrams, loss, model, bucket, minn, maxn, lrUpdateRate as int32, t as double; size, nwords, nlabels as
    int32, ntokens, pruneidx_size as int64; for each entry a zero-ended word, count as int64, type as int8; then the
    pruned pairs.
    """
    head = source.read(8 + 12 * 4 + 8)
    if len(head) != 64 or struct.unpack_from("<ii", head) != (MAGIC, FORMAT):
        raise NotAModel("not a fastText model file of version 12")
    (dim,) = struct.unpack_from("<i", head, 8)
    out.write(head[:8] + struct.pack("<i", 1) + head[12:])
    counts = source.read(3 * 4 + 2 * 8)
    size, words, _, _, pruned = struct.unpack("<iiiqq", counts)
    out.write(counts)
    for _ in range(size):
        while (byte := source.read(1)) != b"\0":
            if not byte:
                raise NotAModel("the model file ends within its dictionary")
            out.write(byte)
        out.write(b"\0" + source.read(9))
    out.write(source.read(8 * max(pruned, 0)))
    return int(dim), int(words)


@lru_cache(maxsize=2)
def load(storage_uri: str, name: str, digest: str) -> "Scorer":
    """The model at a name of the lake, once for each worker process; the digest keeps a rebuilt one apart."""
    with Storage(storage_uri).local_copy(name) as path:
        return Scorer(path)


class Scorer:
    """A trained model that scores normalised texts."""

    def __init__(self, path: Path) -> None:
        import fasttext

        self._model = fasttext.load_model(str(path))

    def score(self, lines: Sequence[str], label: str) -> "np.ndarray":
        """Probability of a label for each line, float64 in [0, 1], rounded to 6 digits.

        lines: normalised texts without line breaks. A line of which the model knows nothing scores 0.
        """
        import numpy as np

        # A list goes in although one line would do: with NumPy 2, fastText's predict(str) raises.
        labels, probabilities = self._model.predict(list(lines), k=2)
        name = LABEL + label
        scores = [float(p[list(found).index(name)]) if name in found else 0.0
                  for found, p in zip(labels, probabilities, strict=True)]  # fmt: skip
        return np.round(np.clip(np.array(scores, np.float64), 0.0, 1.0), 6)  # fastText adds 1e-5: scores reach 1.00001

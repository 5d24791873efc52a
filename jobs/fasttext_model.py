"""Training a fastText classifier of two labels so that it gives the same bytes twice."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jobs.fasttext_file import TwoLabelModel, read_model

LABEL = "__label__"
M_PERTURB, ZERO_FILL = -6, 0xFF  # glibc's malloc.h; memory is filled with the complement of the byte


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


def train(examples: Path, whole: Path, settings: TrainingSettings) -> TwoLabelModel:
    """Train on a file of lines `__label__X words...`, write fastText's own model file and return what it says.

    Raises Diverged, NotAModel for other than two labels, or ValueError where no word occurs min_count times.
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
    trained.save_model(str(whole))
    del trained  # two gigabytes with the paper's settings
    model = read_model(whole)
    if not model.words:  # fastText is content with labels alone
        raise ValueError(f"no word occurs {settings.min_count} times")
    return model


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

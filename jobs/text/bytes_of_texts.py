"""Many texts as one array of bytes, as kernels read them."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def bytes_of(texts: Sequence[str]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """The UTF-8 bytes of all texts, one after another, and where each begins and the last ends, shape (texts + 1,)."""
    if not texts:
        return np.empty(0, np.uint8), np.zeros(1, np.int64)
    _, bounds, letters = pa.array(texts, pa.large_string()).buffers()
    return np.frombuffer(letters or b"", np.uint8), np.frombuffer(bounds, np.int64, len(texts) + 1)

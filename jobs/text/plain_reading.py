"""The paper's reading, literally: words are what white space parts, compared as they stand (paper 2.1).

Equal to `str.split()`. It misses whatever a page writes otherwise: case, punctuation, other TeX, and all Chinese.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from jobs.kernels import kernel
from jobs.text.reading import SEED, ReadText, add_letter, code_points, mix

LAST_SPACE = 0x3000


def read_plain(text: str) -> ReadText:
    """The words of a text; they have no signs between them."""
    points = code_points(text)
    return ReadText(*_split(points, _spaces()))


@lru_cache(maxsize=1)
def _spaces() -> npt.NDArray[np.bool_]:
    """Which code points `str.split` parts at; there is none above LAST_SPACE."""
    return np.array([chr(point).isspace() for point in range(LAST_SPACE + 1)])


@kernel
def _split(points, spaces):  # type: ignore[no-untyped-def]
    size = len(points)
    most = size // 2 + 1
    hashes, signs = np.empty(most, np.uint64), np.zeros(most, np.uint16)
    starts, ends, bounds = np.empty(most, np.int32), np.empty(most, np.int32), np.zeros(most + 1, np.int32)
    letters = np.empty(size, np.uint32)
    count, at, i = 0, 0, 0
    while i < size:
        point = points[i]
        if point <= LAST_SPACE and spaces[point]:
            i += 1
            continue
        starts[count], value = i, SEED
        while True:
            letters[at] = point
            value = add_letter(value, point)
            at += 1
            i += 1
            if i == size:
                break
            point = points[i]
            if point <= LAST_SPACE and spaces[point]:
                break
        ends[count], bounds[count + 1], hashes[count] = i, at, mix(value)
        count += 1
    return hashes[:count], starts[:count], ends[:count], signs[:count], letters[:at], bounds[: count + 1]

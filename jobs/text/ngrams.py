"""N-grams of words as 64-bit hashes, and the scripts whose characters are words of their own.

How texts become words: jobs.text.masked_numbers for deduplication, jobs.text.maths_reading and jobs.text.plain_reading
for decontamination.
"""

from __future__ import annotations

import numpy as np

from jobs.kernels import kernel
from jobs.text.reading import Hashes

ALONE_RANGES = (
    (0x3041, 0x30FF),  # Hiragana, Katakana
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF),  # Han
    (0x20000, 0x3FFFF),
)  # fmt: skip


def gram_hashes(hashes: Hashes, n: int) -> Hashes:
    """Hash of every run of n words, shape (words - n + 1,), empty for shorter texts."""
    return _grams(hashes, n)


@kernel
def _grams(hashes, n):  # type: ignore[no-untyped-def]
    count = max(0, len(hashes) - n + 1)
    grams = np.empty(count, np.uint64)
    for i in range(count):
        value = np.uint64(n)
        for k in range(n):
            value = (value ^ hashes[i + k]) * np.uint64(0x9E3779B97F4A7C15)
            value ^= value >> np.uint64(32)
        grams[i] = value if value != 0 else np.uint64(1)  # 0 marks a free place in the index's table
    return grams

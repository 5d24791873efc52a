"""Names of formula renderers in scripts."""

from __future__ import annotations

import numpy as np

from jobs.html.characters import Bytes
from jobs.kernels import bare_kernel

_ENDS = np.zeros(256, dtype=np.bool_)
_ENDS[[*b"xXhH"]] = True
"""Last letters of the names below."""
_RENDERERS = np.zeros((5, 12), dtype=np.uint8)
for _row, _name in enumerate((b"mathjax", b"katex", b"tex2jax", b"asciimath", b"rendermath")):
    _RENDERERS[_row, : len(_name)] = np.frombuffer(_name[::-1], dtype=np.uint8)


@bare_kernel
def names_renderer(page: Bytes, at: int, end: int) -> bool:
    """Whether bytes name a formula renderer, in either case."""
    begin = at
    while at < end:
        if _ENDS[page[at]]:
            for number in range(len(_RENDERERS)):
                if _ends_with(page, begin, at, _RENDERERS[number]):
                    return True
        at += 1
    return False


@bare_kernel
def _ends_with(page: Bytes, begin: int, at: int, reversed_word: Bytes) -> bool:
    """Whether a word, given backwards and padded with zeros, ends at a byte."""
    for step in range(len(reversed_word)):
        if reversed_word[step] == 0:
            return True
        if at - step < begin or page[at - step] | 32 != reversed_word[step] | 32:
            return False
    return True

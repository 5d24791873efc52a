"""A text as a reading sees it: its words with hashes, letters, places in the text and the signs between them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jobs.kernels import bare_kernel

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int32]
SEED = np.uint64(0x51ED270B)


@dataclass(frozen=True)
class ReadText:
    """The words of a text in order; arrays of shape (words,) unless they say otherwise."""

    hashes: Hashes
    starts: Places
    """First character of each word in the text."""
    ends: Places
    """Last character of each word + 1."""
    signs: npt.NDArray[np.uint16]
    """The operators between a word and the one before, 4 bits each; 0 where there is none."""
    letters: npt.NDArray[np.uint32]
    """Code points of all words, folded; shape (letters,)."""
    bounds: Places
    """Where each word's letters begin, and the end of the last; shape (words + 1,)."""

    def __len__(self) -> int:
        return len(self.hashes)

    def joined(self, start: int, count: int) -> str:
        """Words start .. start + count with one space between them, accents composed."""
        bounds = self.bounds[start : start + count + 1].tolist()
        letters = self.letters[bounds[0] : bounds[-1]].tobytes().decode("utf-32-le", "surrogatepass")
        words = [letters[a - bounds[0] : b - bounds[0]] for a, b in zip(bounds, bounds[1:], strict=False)]
        return unicodedata.normalize("NFC", " ".join(words))


def code_points(text: str) -> npt.NDArray[np.uint32]:
    """The text as numbers, shape (characters,)."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


@bare_kernel
def mix(value):  # type: ignore[no-untyped-def]
    """A hash whose bits all depend on all bits of `value` (the finaliser of splitmix64)."""
    value ^= value >> np.uint64(30)
    value *= np.uint64(0xBF58476D1CE4E5B9)
    value ^= value >> np.uint64(27)
    value *= np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@bare_kernel
def word_hash(letters, first, last):  # type: ignore[no-untyped-def]
    """Hash of letters[first:last], the same for the same letters anywhere."""
    value = SEED
    for i in range(first, last):
        value = add_letter(value, letters[i])
    return mix(value)


@bare_kernel
def add_letter(value, letter):  # type: ignore[no-untyped-def]
    """Take one more letter into a hash that began as SEED."""
    value = (value ^ np.uint64(letter)) * np.uint64(0x9E3779B97F4A7C15)
    return value ^ (value >> np.uint64(29))

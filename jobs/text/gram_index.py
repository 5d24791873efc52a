"""Finds where a text shares runs of words with many other texts: the paper's n-gram rule, exactly (paper 2.1).

Words become numbers of a vocabulary, so that comparing them is exact. A rolling hash of ten numbers leads to the places
of the indexed texts that may hold the same ten; the numbers themselves decide, and so do the signs between the words
where both texts have one there (`x + 1` is not `x - 1`; a page that lost its operators is still the same question).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jobs.text import gram_kernel
from jobs.text.gram_kernel import GRAM, SHORTEST_WHOLE, Grams, Vocabulary
from jobs.text.reading import ReadText


class Run(NamedTuple):
    """A run of words that a text shares with an indexed text, as long as it goes."""

    text: int
    """The indexed text's number."""
    start: int
    """First word, in the text that was searched."""
    words: int
    place: int
    """Its first word in the index."""

    @property
    def rule(self) -> str:
        """The rule that condemns: ngram_10 or whole_3_to_9 (paper 2.1)."""
        return f"ngram_{GRAM}" if self.words >= GRAM else f"whole_{SHORTEST_WHOLE}_to_{GRAM - 1}"


@dataclass(frozen=True)
class GramIndex:
    """The n-grams of many texts; built once, then only read."""

    vocabulary: Vocabulary
    grams: Grams
    starts: npt.NDArray[np.int64]
    """Where each text begins in `grams.numbers`, shape (texts,)."""
    sizes: npt.NDArray[np.int64]
    """Words of each text, shape (texts,)."""
    too_short: int
    """Texts that are never searched for."""

    @classmethod
    def build(cls, texts: Sequence[ReadText]) -> GramIndex:
        """Index texts by the paper's rule: 10-grams of longer texts, texts of 3 to 9 words as a whole."""
        sizes = np.array([len(text) for text in texts], np.int64)
        starts = np.cumsum(np.concatenate([[0], sizes + 1]))[:-1] + 1
        vocabulary, numbers, signs = _numbered(texts, starts, int(sizes.sum() + len(sizes)) + 1)
        count = int(np.maximum(sizes - GRAM + 1, 1).sum())
        table, sieve = np.zeros(_power_of_two(2 * count), np.uint64), np.zeros(_power_of_two(count), np.uint8)
        wholes = np.zeros(len(vocabulary.hashes), np.uint16)
        later = gram_kernel.fill(numbers, starts, sizes, table, sieve, wholes)
        grams = Grams(numbers, signs, table, sieve, later, wholes)
        return cls(vocabulary, grams, starts, sizes, int((sizes < SHORTEST_WHOLE).sum()))

    def runs(self, page: ReadText) -> list[Run]:
        """Every maximal run of ten words or more that a page shares with a text, and every short text that it holds."""
        numbers = gram_kernel.number_words(page.hashes, page.bounds, page.letters, self.vocabulary)
        found = gram_kernel.find(numbers, page.signs, self.grams)
        if not len(found):
            return []
        texts = np.searchsorted(self.starts, found[:, 1], side="right") - 1
        return [
            Run(text, start, words, place)
            for text, (start, place, words) in zip(texts.tolist(), found.tolist(), strict=True)
        ]

    def length(self, text: int) -> int:
        """Words of an indexed text."""
        return int(self.sizes[text])

    def context(self, run: Run) -> str:
        """The words before and behind a run in its indexed text, as numbers: the same for copies of a text."""
        return f"{self.grams.numbers[run.place - 1]} {self.grams.numbers[run.place + run.words]}"


def _numbered(
    texts: Sequence[ReadText], starts: npt.NDArray[np.int64], size: int
) -> tuple[Vocabulary, npt.NDArray[np.int32], npt.NDArray[np.uint16]]:
    """The vocabulary of all texts, and the texts as numbers and signs with OUTSIDE around each."""
    ends = np.cumsum([0, *(len(text.letters) for text in texts)])
    bounds = [text.bounds[:-1] + end for text, end in zip(texts, ends.tolist(), strict=False)]
    hashes = np.concatenate([np.empty(0, np.uint64), *(text.hashes for text in texts)])
    letters = np.concatenate([np.empty(0, np.uint32), *(text.letters for text in texts)])
    bounds.append(ends[-1:])
    numbers, *words = gram_kernel.learn_words(
        hashes, np.concatenate(bounds).astype(np.int32), letters, _empty_table(len(hashes))
    )
    table = _empty_table(len(words[0]))
    gram_kernel.seat_words(words[0], table)
    at = np.repeat(starts - np.cumsum([0, *(len(text) for text in texts)])[:-1], [len(text) for text in texts])
    at += np.arange(len(hashes))
    placed, signs = np.full(size, gram_kernel.OUTSIDE, np.int32), np.zeros(size, np.uint16)
    placed[at] = numbers
    signs[at] = np.concatenate([np.empty(0, np.uint16), *(text.signs for text in texts)])
    return Vocabulary(table, *words), placed, signs


def _empty_table(entries: int) -> npt.NDArray[np.int32]:
    return np.full(_power_of_two(2 * entries), gram_kernel.FREE, np.int32)


def _power_of_two(least: int) -> int:
    return 1 << max(4, least.bit_length())

"""Kernels of the n-gram index: a vocabulary of words and a table of n-grams, both by hash, both decided exactly."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jobs.kernels import bare_kernel, kernel
from jobs.text.reading import mix

GRAM = 10
"""A page with any 10-gram of a benchmark text is contaminated (paper 2.1)."""
SHORTEST_WHOLE = 3
"""Benchmark texts of 3 to 9 words count where they occur as a whole, shorter ones never (paper 2.1)."""
HALF, LOW = np.uint64(32), np.uint64(0xFFFFFFFF)
EIGHTH, LAST_BITS = np.uint64(3), np.uint64(7)
BASE = np.uint64(0x9E3779B97F4A7C15)
OUTSIDE, UNKNOWN, FREE, NONE = -1, -2, -1, -1
"""Word numbers between texts and of words in no indexed text; a free place of a table; no later occurrence."""


class Vocabulary(NamedTuple):
    """Every word of the indexed texts, numbered from 0."""

    table: npt.NDArray[np.int32]
    """Open addressing by hash: word numbers, FREE where there is none. Shape (a power of two,)."""
    hashes: npt.NDArray[np.uint64]
    bounds: npt.NDArray[np.int32]
    """Where each word's letters begin, and the end of the last; shape (words + 1,)."""
    letters: npt.NDArray[np.uint32]


class Grams(NamedTuple):
    """The indexed texts one after another as word numbers, OUTSIDE before, between and behind them."""

    numbers: npt.NDArray[np.int32]
    signs: npt.NDArray[np.uint16]
    table: npt.NDArray[np.uint64]
    """Open addressing by hash of n words: the first place of each gram in `numbers` + 1, 0 where there is none; above
    it 32 bits of the hash, which turn most other grams away."""
    sieve: npt.NDArray[np.uint8]
    """A bit for every gram by other bits of its hash: small enough for a cache, it spares most looks at the
    table. Shape (a power of two,)."""
    later: npt.NDArray[np.int32]
    """For each place the next with the same gram, NONE behind the last."""
    wholes: npt.NDArray[np.uint16]
    """For each word number a bit for every length of the short texts that begin with it."""


@kernel
def number_words(hashes, bounds, letters, vocabulary):  # type: ignore[no-untyped-def]
    """The number of each word, UNKNOWN where the vocabulary does not hold it."""
    table, known_hashes, known_bounds, known = vocabulary
    numbers = np.empty(len(hashes), np.int32)
    for i in range(len(hashes)):
        place = _word_place(hashes[i], letters, bounds[i], bounds[i + 1], table, known_hashes, known_bounds, known)
        numbers[i] = table[place] if table[place] != FREE else UNKNOWN
    return numbers


@kernel
def learn_words(hashes, bounds, letters, table):  # type: ignore[no-untyped-def]
    """Number the words of all texts by an empty table: their numbers, and hashes, bounds and letters of each once."""
    numbers = np.empty(len(hashes), np.int32)
    known_hashes, known_bounds = np.empty(len(hashes), np.uint64), np.zeros(len(hashes) + 1, np.int32)
    known = np.empty(len(letters), np.uint32)
    count = 0
    for i in range(len(hashes)):
        place = _word_place(hashes[i], letters, bounds[i], bounds[i + 1], table, known_hashes, known_bounds, known)
        if table[place] == FREE:
            table[place], known_hashes[count] = count, hashes[i]
            end = known_bounds[count]
            for k in range(bounds[i], bounds[i + 1]):
                known[end] = letters[k]
                end += 1
            count += 1
            known_bounds[count] = end
        numbers[i] = table[place]
    return numbers, known_hashes[:count].copy(), known_bounds[: count + 1].copy(), known[: known_bounds[count]].copy()


@kernel
def seat_words(hashes, table):  # type: ignore[no-untyped-def]
    """Put words that all differ into an empty table."""
    mask = np.uint64(len(table) - 1)
    for number in range(len(hashes)):
        place = hashes[number] & mask
        while table[place] != FREE:
            place = (place + np.uint64(1)) & mask
        table[place] = number


@bare_kernel
def _word_place(value, letters, first, last, table, hashes, bounds, known):  # type: ignore[no-untyped-def]
    """Where the word letters[first:last] stands in the table, or the free place where it would."""
    mask = np.uint64(len(table) - 1)
    place = value & mask
    while table[place] != FREE:
        number = table[place]
        if hashes[number] == value and _same_letters(letters, first, last, known, bounds[number], bounds[number + 1]):
            break
        place = (place + np.uint64(1)) & mask
    return place


@bare_kernel
def _same_letters(a, first, last, b, other, other_last):  # type: ignore[no-untyped-def]
    if last - first != other_last - other:
        return False
    for k in range(last - first):  # noqa: SIM110 - Numba compiles no generators
        if a[first + k] != b[other + k]:
            return False
    return True


@bare_kernel
def gram_hash(numbers, first, n):  # type: ignore[no-untyped-def]
    """Polynomial hash of n word numbers; `rolled` moves it on by one word."""
    value = np.uint64(0)
    for k in range(first, first + n):
        value = value * BASE + np.uint64(numbers[k] + 1)
    return value


@bare_kernel
def rolled(value, gone, come, top):  # type: ignore[no-untyped-def]
    """The hash of the next run: without the word `gone`, with `come`; `top` is BASE to the power of n - 1."""
    return (value - np.uint64(gone + 1) * top) * BASE + np.uint64(come + 1)


@kernel
def fill(numbers, starts, sizes, table, sieve, wholes):  # type: ignore[no-untyped-def]
    """Put every gram of the texts numbers[start:start + size] into the empty table; returns `later`."""
    later = np.full(len(numbers), NONE, np.int32)
    for text in range(len(starts) - 1, -1, -1):  # backwards: what is put in last is found first
        n = min(sizes[text], GRAM)
        if n < SHORTEST_WHOLE:
            continue
        if n < GRAM:
            wholes[numbers[starts[text]]] |= np.uint16(1 << n)
        for first in range(starts[text] + sizes[text] - n, starts[text] - 1, -1):
            value = finished(gram_hash(numbers, first, n), n)
            slot = _gram_slot(value, numbers, first, n, numbers, table)
            later[first] = _place(table[slot])
            bit = _bit(value, sieve)
            sieve[bit >> EIGHTH] |= np.uint8(1 << (bit & LAST_BITS))
            table[slot] = value >> HALF << HALF | np.uint64(first + 1)
    return later


@bare_kernel
def _gram_slot(value, wanted, first, n, numbers, table):  # type: ignore[no-untyped-def]
    """Where the gram wanted[first:first + n] stands in the table, or the free slot where it would."""
    mask = np.uint64(len(table) - 1)
    slot = value & mask
    while table[slot] != 0:
        if table[slot] >> HALF == value >> HALF and _same_gram(wanted, first, n, numbers, _place(table[slot])):
            break
        slot = (slot + np.uint64(1)) & mask
    return slot


@bare_kernel
def _first_place(value, wanted, first, n, numbers, table):  # type: ignore[no-untyped-def]
    """The first place of a gram with this hash, NONE where no text holds it."""
    return _place(table[_gram_slot(value, wanted, first, n, numbers, table)])


@bare_kernel
def finished(value, n):  # type: ignore[no-untyped-def]
    """The polynomial hash of n words with all bits mixed: slots of the table are its low bits."""
    return mix(value + np.uint64(n))


@bare_kernel
def _place(entry):  # type: ignore[no-untyped-def]
    """The place in `numbers` that an entry of the table holds, NONE of a free one."""
    return np.int64(entry & LOW) - 1


@bare_kernel
def _same_gram(wanted, first, n, numbers, place):  # type: ignore[no-untyped-def]
    for k in range(n):
        if wanted[first + k] != numbers[place + k]:
            return False
    return n == GRAM or (numbers[place - 1] == OUTSIDE and numbers[place + n] == OUTSIDE)


@kernel
def find(page, signs, grams):  # type: ignore[no-untyped-def]
    """Maximal runs that a page shares with the texts, shape (runs, 3): first word, place in `numbers`, words."""
    numbers, table, sieve, wholes = grams.numbers, grams.table, grams.sieve, grams.wholes
    found, count = np.empty((16, 3), np.int32), 0
    values, entries = _entries(page, table, sieve)
    for i in range(len(page)):
        if entries[i] != 0:
            place = _first_place(values[i], page, i, GRAM, numbers, table)
            if place != NONE:
                found, count = _take(place, page, signs, i, GRAM, grams, found, count)
        lengths = wholes[page[i]] if page[i] != UNKNOWN else np.uint16(0)
        for n in range(SHORTEST_WHOLE, min(GRAM, len(page) - i + 1) if lengths else 0):
            if lengths >> n & 1:
                value = finished(gram_hash(page, i, n), n)
                place = _first_place(value, page, i, n, numbers, table) if _passes(value, sieve) else NONE
                if place != NONE:
                    found, count = _take(place, page, signs, i, n, grams, found, count)
    return found[:count]


@kernel
def _entries(page, table, sieve):  # type: ignore[no-untyped-def]
    """For each word the hash of the ten words from it on, and what the table holds there, 0 where nothing.

    The table is far larger than any cache. Here nothing depends on what was loaded, so that the processor waits for
    many places at once.
    """
    values, entries = np.empty(len(page), np.uint64), np.zeros(len(page), np.uint64)
    mask = np.uint64(len(table) - 1)
    top = np.uint64(1)
    for _ in range(GRAM - 1):
        top *= BASE
    known, value = 0, np.uint64(0)
    for i in range(len(page)):
        known = known + 1 if page[i] != UNKNOWN else 0
        if known < GRAM:
            continue
        first = i - GRAM + 1
        value = gram_hash(page, first, GRAM) if known == GRAM else rolled(value, page[first - 1], page[i], top)
        values[first] = finished(value, GRAM)
        if _passes(values[first], sieve):
            entries[first] = table[values[first] & mask]
    return values, entries


@bare_kernel
def _passes(value, sieve):  # type: ignore[no-untyped-def]
    bit = _bit(value, sieve)
    return sieve[bit >> EIGHTH] >> (bit & LAST_BITS) & 1 != 0


@bare_kernel
def _bit(value, sieve):  # type: ignore[no-untyped-def]
    """The bit of a hash in the sieve."""
    return value >> HALF & np.uint64(8 * len(sieve) - 1)


@kernel
def _take(place, page, signs, first, n, grams, found, count):  # type: ignore[no-untyped-def]
    """Add the runs that begin with the gram page[first:first + n], which `place` is the first place of."""
    while place != NONE:
        words = _run(page, signs, first, n, grams.numbers, grams.signs, place)
        if words:
            if count == len(found):
                found = np.concatenate((found, np.empty_like(found)))
            found[count, 0], found[count, 1], found[count, 2] = first, place, words
            count += 1
        place = grams.later[place]
    return found, count


@bare_kernel
def _run(page, signs, first, n, numbers, text_signs, place):  # type: ignore[no-untyped-def]
    """Words that the page and the text share from here on, 0 where signs differ within n, or one back is shared too."""
    for k in range(1, n):
        if not _agree(signs[first + k], text_signs[place + k]):
            return 0
    if n < GRAM:
        return n
    if first > 0 and page[first - 1] == numbers[place - 1] and _agree(signs[first], text_signs[place]):
        return 0
    while first + n < len(page) and page[first + n] == numbers[place + n]:
        if not _agree(signs[first + n], text_signs[place + n]):
            break
        n += 1
    return n


@bare_kernel
def _agree(a, b):  # type: ignore[no-untyped-def]
    """Two sequences of signs are the same, or one side has none: layout and markup lose signs."""
    return a == 0 or b == 0 or a == b

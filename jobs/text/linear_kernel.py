"""The kernel of the linear model: fastText's features of a line, straight from its UTF-8 bytes, and their weights.

What a feature is follows fastText's Dictionary::readWord, getLine, addWordNgrams and hash (0.9.3) in every corner,
since a model knows its n-grams by their hash only. All compiled code is in this file: Numba's cache watches a kernel's
own file.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core.cgutils import get_or_insert_function
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from jobs.kernels import bare_kernel, kernel

END = b"</s>"
"""The word that stands for the end of a line; where a text has it as a word, the line ends there."""
LABEL = b"__label__"
"""A word that begins so is no feature."""
NEWLINE, NUL, TAB, CARRIAGE_RETURN, SPACE = 10, 0, 9, 13, 32
FNV_START, FNV_PRIME = np.uint64(2166136261), np.uint64(16777619)
GRAM_PRIME = np.uint64(116049371)
LOW, SIGN, HALF = np.uint64(0xFFFFFFFF), np.uint64(0x80000000), np.uint64(32)
FREE = np.uint64(0)
NO_ROW = -1
NUMBER, BYTES = ir.IntType(32), ir.IntType(8).as_pointer()
END_LETTERS = np.frombuffer(END, np.uint8)
LABEL_LETTERS = np.frombuffer(LABEL, np.uint8)


class LinearModel(NamedTuple):
    """A weight for each word and each bucket of word n-grams, and where to find a word."""

    word_ngrams: int
    weights: npt.NDArray[np.float32]
    """Shape (words + buckets,)."""
    slots: npt.NDArray[np.uint64]
    """Open addressing by hash: the word's hash in the upper 32 bits, its row + 1 in the lower; FREE where there is no
    word. Shape (a power of two,), at least one of them free."""
    bounds: npt.NDArray[np.uint32]
    """Where each word's letters begin, and the end of the last; shape (words + 1,)."""
    letters: npt.NDArray[np.uint8]
    """All words, one after another, in UTF-8."""


@intrinsic
def ask_for(context, array, index):  # type: ignore[no-untyped-def]
    """Have an element of an array brought near (LLVM's prefetch for reading, to stay); nothing waits for it."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        elements = make_array(signature.args[0])(context, builder, arguments[0]).data
        place = builder.bitcast(builder.gep(elements, [arguments[1]]), BYTES)
        kind = ir.FunctionType(ir.VoidType(), [BYTES, NUMBER, NUMBER, NUMBER])
        prefetch = get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        builder.call(prefetch, [place, NUMBER(0), NUMBER(3), NUMBER(1)])
        return context.get_dummy_value()

    return types.void(array, index), generate


@bare_kernel
def is_blank(byte):  # type: ignore[no-untyped-def]
    """What parts words: space, tab, line feed, vertical tab, form feed, carriage return, NUL; no other space does."""
    return byte <= SPACE and (byte in (SPACE, NUL) or TAB <= byte <= CARRIAGE_RETURN)


@bare_kernel
def word_hash(text, start, end):  # type: ignore[no-untyped-def]
    """32-bit FNV-1a of the bytes taken as signed numbers, as fastText has it.

    Computed in 64 bits: the lower half of a product depends on lower halves only.
    """
    found = FNV_START
    for i in range(start, end):
        found = (found ^ np.uint64(np.int8(text[i]))) * FNV_PRIME
    return found & LOW


@bare_kernel
def same_letters(text, start, end, letters, first, last):  # type: ignore[no-untyped-def]
    if end - start != last - first:
        return False
    same = 0
    while same < end - start and text[start + same] == letters[first + same]:
        same += 1
    return same == end - start


@bare_kernel
def begins(text, start, end, letters):  # type: ignore[no-untyped-def]
    return end - start >= len(letters) and same_letters(text, start, start + len(letters), letters, 0, len(letters))


@bare_kernel
def row_of(text, start, end, found, model):  # type: ignore[no-untyped-def]
    """The row of a word with the hash `found`, NO_ROW where the model does not know it. Letters decide, not hashes."""
    slots, bounds = model.slots, model.bounds
    mask = len(slots) - 1
    place = np.int64(found) & mask
    while slots[place] != FREE:
        if slots[place] >> HALF == found:
            row = np.int64(slots[place] & LOW) - 1
            if same_letters(text, start, end, model.letters, np.int64(bounds[row]), np.int64(bounds[row + 1])):
                return row
        place = (place + 1) & mask
    return NO_ROW


@bare_kernel
def find_rows(text, at, end, model, grams, rows):  # type: ignore[no-untyped-def]
    """Write the rows of a line's features to `rows`; returns how many there are.

    A word that the model does not know has no row, but is part of n-grams. grams[k]: room for the hash of the last
    k + 1 words. Rows of n-grams are asked for as soon as they are known and read when the line is done: they lie
    anywhere in megabytes, and waiting for each took a fifth of the time.
    """
    words = len(model.bounds) - 1
    buckets = np.uint64(len(model.weights) - words)
    found, seen, going = 0, 0, True
    while going:
        start, number = at, FNV_START
        while at < end and not is_blank(text[at]):  # as word_hash, in the same pass
            number = (number ^ np.uint64(np.int8(text[at]))) * FNV_PRIME
            at += 1
        number &= LOW
        if start == at and at < end and text[at] != NEWLINE:
            at += 1  # a blank
            continue
        if start == at:  # a line feed or the end of the text
            going = False
            number = word_hash(END_LETTERS, 0, len(END_LETTERS))
            row = row_of(END_LETTERS, 0, len(END_LETTERS), number, model)
        else:
            if text[start] == LABEL_LETTERS[0] and begins(text, start, at, LABEL_LETTERS):
                continue
            going = not same_letters(text, start, at, END_LETTERS, 0, len(END_LETTERS))
            row = row_of(text, start, at, number, model)
        if row != NO_ROW:
            rows[found] = row
            found += 1
        signed = (number ^ SIGN) - SIGN  # fastText takes a word's hash as a signed number into 64 bits
        for k in range(min(seen, len(grams) - 1), 0, -1):
            grams[k] = grams[k - 1] * GRAM_PRIME + signed
            row = words + np.int64(grams[k] % buckets)
            ask_for(model.weights, row)  # type: ignore[call-arg]
            rows[found] = row
            found += 1
        grams[0] = signed
        seen += 1
    return found


@kernel
def mean_weights(text, bounds, model):  # type: ignore[no-untyped-def]
    """The mean weight of each text's features, float64 [n]; minus infinity where the model knows none of them.

    It is the logarithm of the odds for the model's label. text: the UTF-8 bytes of all texts, uint8; bounds: where each
    begins, and the end of the last, int64 [n + 1].
    """
    means = np.empty(len(bounds) - 1, np.float64)
    longest = 0
    for i in range(len(means)):
        longest = max(longest, bounds[i + 1] - bounds[i])
    grams = np.empty(max(1, model.word_ngrams), np.uint64)
    most_words = longest // 2 + 2  # words of one letter, and the end of the line
    rows = np.empty(most_words * len(grams), np.int32)
    for i in range(len(means)):
        count = find_rows(text, bounds[i], bounds[i + 1], model, grams, rows)
        total = 0.0
        for j in range(count):
            total += model.weights[rows[j]]
        means[i] = total / count if count else -np.inf
    return means

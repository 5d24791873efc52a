"""What the compiled scan knows by name: tags with their properties, and words of attributes.

Names become numbers here. A word is looked up by a 64-bit hash in a table that is filled when this module loads; for
two words of a page to be mistaken for one another they would have to agree in all 64 bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from jobs.kernels import bare_kernel

Table = npt.NDArray[np.int64]
"""(slots, 2): hash and value; a free slot has value 0."""

HASH_START = -3750763034362895579
HASH_PRIME = 1099511628211

_BLOCKS = """address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure
footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main nav ol p pre search section summary table tbody td
tfoot th thead tr ul caption"""
_VOID = "area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr"
_RAW_TEXT = "script style xmp iframe noembed noframes"
_UNREAD = "style iframe noembed noframes"
_DROPPED = """script style noscript template iframe object embed applet svg canvas dialog button input select textarea
datalist audio video map head nav menu meter progress frame frameset noframes optgroup option marquee source track"""
_NEVER_NAMED = "html body main article p pre code h1 h2 h3 math td tr tbody a"
_LINK_BLOCKS = "ul ol div section table td p dl li span center"
_CODE = "code kbd samp tt"
_NO_BLOCKS_INSIDE = "sub sup script svg textarea " + _CODE
_NO_FORMULAS_INSIDE = "pre code textarea style script title"
_IN_LAYOUT_CELLS = "ul ol dl pre table blockquote h1 h2 h3 h4 h5 h6 section article hr form"

BLOCK, VOID, RAW_TEXT, UNREAD, DROPPED, NEVER_NAMED, LINK_BLOCK, CODE = (1 << at for at in range(8))
NO_BLOCKS_INSIDE, NO_FORMULAS_INSIDE, LAYOUT_CELL, NO_CODE = (1 << at for at in range(8, 12))

_GROUPS = {
    BLOCK: _BLOCKS,
    VOID: _VOID,
    RAW_TEXT: _RAW_TEXT,
    UNREAD: _UNREAD,
    DROPPED: _DROPPED,
    NEVER_NAMED: _NEVER_NAMED,
    LINK_BLOCK: _LINK_BLOCKS,
    CODE: _CODE,
    NO_BLOCKS_INSIDE: _NO_BLOCKS_INSIDE,
    NO_FORMULAS_INSIDE: _NO_FORMULAS_INSIDE,
    LAYOUT_CELL: _IN_LAYOUT_CELLS,
    NO_CODE: "button script style",
}
_OTHERS = "em i var b strong abbr cite title annotation semantics mi mo mn mrow msup msub mfrac msqrt"

TEXT, RAW, UNKNOWN = 0, 1, 2
"""Kinds of node that are no known element: text, the text of a script, an element of another name."""
NAMES = ("#text", "#raw", "", *sorted({*_OTHERS.split(), *(w for group in _GROUPS.values() for w in group.split())}))
"""Tag names by number."""
TAG = {name: number for number, name in enumerate(NAMES) if number > UNKNOWN}
TAG_BITS = np.array(
    [sum(bit for bit, group in _GROUPS.items() if name in group.split()) for name in NAMES], dtype=np.int32
)


def word_hash(word: bytes) -> int:
    """FNV-1a in 64 bits, as a signed number; the same as the kernels compute."""
    value = HASH_START
    for byte in word:
        value = ((value ^ byte) * HASH_PRIME) & 0xFFFFFFFFFFFFFFFF
    return value - (1 << 64) if value >= 1 << 63 else value


def word_table(words: Mapping[str, int]) -> Table:
    """A table of words (UTF-8) with values above 0, at most a quarter full."""
    slots = 1 << max(4, (4 * len(words)).bit_length())
    table = np.zeros((slots, 2), dtype=np.int64)
    for word, value in words.items():
        hashed = word_hash(word.encode())
        slot = hashed & (slots - 1)
        while table[slot, 1]:
            slot = (slot + 1) & (slots - 1)
        table[slot] = hashed, value
    return table


def bit_table(groups: Mapping[int, Iterable[str]]) -> Table:
    """A table whose values are the bits of all groups that a word is in."""
    words: dict[str, int] = {}
    for bit, group in groups.items():
        for word in group:
            words[word] = words.get(word, 0) | bit
    return word_table(words)


@bare_kernel
def look_up(table: Table, hashed: int) -> int:
    """The value of a hash, 0 if the word is not in the table."""
    slots = table.shape[0] - 1
    slot = hashed & slots
    while table[slot, 1] != 0:
        if table[slot, 0] == hashed:
            return table[slot, 1]
        slot = (slot + 1) & slots
    return 0


TAG_TABLE = word_table(TAG)

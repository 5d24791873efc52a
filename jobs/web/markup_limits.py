"""Pages that are made to exhaust a parser: elements nested without end, tags with countless attributes.

The parser bounds both; this only finds them, so that they are counted.
"""

from __future__ import annotations

import re

import numpy as np

from jobs.web.raw_records import Note

MAX_DEPTH = 2000
"""Open elements at a place. Browsers flatten at 512; pages with unclosed inline tags reach some hundreds."""
MAX_ATTRIBUTES = 2000
MIN_TAG_BYTES = 2 * MAX_ATTRIBUTES
MIN_PAGE_BYTES = 128 << 10
"""A smaller page exhausts nothing, whatever its markup."""

_TAG = re.compile(rb"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,30})")
_QUOTED = re.compile(rb"\"[^\"]*\"|'[^']*'")
_NEVER_OPEN = frozenset(
    b"area base br col embed hr img input link meta source track wbr p li dt dd tr td th option".split()
)
"""Void elements, and those that the next one of their kind closes."""
_SLASH, _LESS = ord("/"), ord("<")


def limit_notes(payload: bytes) -> list[Note]:
    """`too_deep` and `too_many_attributes`, for the HTML bytes of a page."""
    if len(payload) < MIN_PAGE_BYTES:
        return []
    data = np.frombuffer(payload, np.uint8)
    tags = np.flatnonzero(data == _LESS)
    notes = []
    if len(tags) > MAX_DEPTH and _may_be_deep(data, tags) and (depth := _depth(payload)) > MAX_DEPTH:
        notes.append(Note("too_deep", f"{depth} open elements"))
    lengths = np.diff(tags, append=len(payload))
    long = [payload[start : start + length] for start, length in _pairs(tags, lengths)]
    if long and (found := max(_attributes(tag) for tag in long)) > MAX_ATTRIBUTES:
        notes.append(Note("too_many_attributes", f"{found} in one tag"))
    return notes


def _may_be_deep(data: np.ndarray, tags: np.ndarray) -> bool:
    """Whether the tags are deep when each that closes nothing counts as one that opens."""
    behind = data[np.minimum(tags + 1, len(data) - 1)]
    return bool(np.cumsum(np.where(behind == _SLASH, -1, 1)).max() > MAX_DEPTH)


def _pairs(tags: np.ndarray, lengths: np.ndarray) -> list[tuple[int, int]]:
    far = lengths >= MIN_TAG_BYTES
    return list(zip(tags[far].tolist(), lengths[far].tolist(), strict=True))


def _depth(payload: bytes) -> int:
    depth = most = 0
    for closing, name in _TAG.findall(payload):
        if name.lower() not in _NEVER_OPEN:
            depth = max(0, depth + (-1 if closing else 1))
            most = max(most, depth)
    return most


def _attributes(tag: bytes) -> int:
    """Words outside quotes in a tag that begins here; 0 where the tag is short and text follows it."""
    end = tag.find(b">")
    if 0 <= end < MIN_TAG_BYTES or not _TAG.match(tag):
        return 0
    return len(_QUOTED.sub(b"", tag[:end] if end >= 0 else tag).split()) - 1

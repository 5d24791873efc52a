"""What a page as served would cost the parser."""

from __future__ import annotations

from jobs.html.characters import APOSTROPHE, EQUALS, GREATER, LESS, QUOTE, SLASH, Bytes, is_space
from jobs.kernels import bare_kernel


@bare_kernel
def most_attributes(page: Bytes) -> int:
    """The most attributes that a tag of a page as served has, by a reading that may only err upwards (in scripts)."""
    most, at, size = 0, 0, len(page)
    while at + 1 < size:
        if page[at] != LESS or not (97 <= page[at + 1] | 32 <= 122):
            at += 1
            continue
        while at < size and not _ends_name(page[at]):
            at += 1
        count = 0
        while at < size and page[at] != GREATER:
            if is_space(page[at]) or page[at] == SLASH:
                at += 1
                continue
            count += 1
            at += 1  # a name may begin with `=`
            while at < size and not _ends_name(page[at]) and page[at] != EQUALS:
                at += 1
            while at < size and is_space(page[at]):
                at += 1
            if at < size and page[at] == EQUALS:
                at = _after_value(page, at + 1)
        most = max(most, count)
    return most


@bare_kernel
def _ends_name(byte: int) -> bool:
    return is_space(byte) or byte == GREATER or byte == SLASH


@bare_kernel
def _after_value(page: Bytes, at: int) -> int:
    """Past the value of an attribute, quoted or not."""
    size = len(page)
    while at < size and is_space(page[at]):
        at += 1
    if at < size and (page[at] == QUOTE or page[at] == APOSTROPHE):
        quote = page[at]
        at += 1
        while at < size and page[at] != quote:
            at += 1
        return at + 1
    while at < size and not is_space(page[at]) and page[at] != GREATER:
        at += 1
    return at

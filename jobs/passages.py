"""Cuts passages out of a text by whole lines: half a question left behind would still be the question."""

from collections.abc import Iterable

MOST_CUT = 0.5
"""A text that would lose a larger share than this is given up: what is left is no page any more."""


def cut_passages(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text without the lines that hold a character of a span; '' where too little would be left.

    Spans are (first character, last + 1), in any order; they may overlap.
    """
    kept, place = [], 0
    for start, end in sorted(spans):
        if start < place and end <= place:
            continue
        line = text.rfind("\n", 0, start) + 1
        kept.append(text[place : max(line, place)])
        following = text.find("\n", max(end - 1, start))
        place = len(text) if following < 0 else following + 1
    kept.append(text[place:])
    left = "".join(kept)
    return left if len(left) >= (1 - MOST_CUT) * len(text) and left.strip() else ""

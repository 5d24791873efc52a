"""Runs of words that anybody would write: counting, and lists that go on by a rule.

`1 2 3 ... 10`, `0 0 0 1 0`, `x 1 x 2 x 3 x 4 x 5`: ten words long and yet no sign that a page copied them.
"""

from collections.abc import Sequence

SIGNIFICANT = 3
"""So many words beside a sequence are a text of their own (the shortest that the paper's rule looks for)."""
LEAST_COUNTED = 8
LEAST_PERIODS = 2.5
"""How often a pattern must come back before it is one."""


def is_counting(words: Sequence[str]) -> bool:
    """Whole numbers that go on by one step, or one or two characters over and over, but for a word or two beside."""
    if _has_prose(words, SIGNIFICANT):
        return False
    longest = max(_longest_progression(words), _longest_of_two(words))
    return longest == len(words) or (longest >= LEAST_COUNTED and len(words) - longest < SIGNIFICANT)


def list_form(words: Sequence[str]) -> str:
    """The pattern of a list whose numbers or letters move on by a step each time it comes back; '' for no list.

    Letters are @ and numbers beside letters are #, so that `x 1 x 2 x 3` and `a 5 a 6 a 7` have one form, `@ #`; a list
    of numbers alone is its own form.
    """
    if _has_prose(words, len(words) // 2 + 1):
        return ""  # prose, which would be tried with every period
    for period in range(1, int(len(words) / LEAST_PERIODS) + 1):
        if all(_steady(words[offset::period]) for offset in range(period)):
            form = " ".join("@" if len(w) == 1 and w.isalpha() else "#" if w.isdecimal() else w for w in words[:period])
            return form if "@" in form else " ".join(words)
    return ""


def _has_prose(words: Sequence[str], enough: int) -> bool:
    """So many words are neither numbers nor single characters; prose says so within its first few words."""
    found = 0
    for word in words:
        if len(word) > 1 and not word.isdecimal():
            found += 1
            if found == enough:
                return True
    return False


def _longest_progression(words: Sequence[str]) -> int:
    """Length of the longest stretch of whole numbers with equal steps."""
    numbers = [int(w) if w.isdecimal() and len(w) < 10 else None for w in words]
    longest = length = 0
    for i, number in enumerate(numbers):
        before = numbers[i - 1] if i else None
        if number is None:
            length = 0
        elif before is None or length < 2:
            length += 1
        else:
            earlier = numbers[i - 2]
            length = length + 1 if earlier is not None and number - before == before - earlier else 2
        longest = max(longest, length)
    return longest


def _longest_of_two(words: Sequence[str]) -> int:
    """Length of the longest stretch made of at most two different words of one character."""
    longest = first = change = 0  # words[first:i] has two different words at most, words[change:i] one
    for i, word in enumerate(words):
        if len(word) > 1:
            first = change = i + 1
        elif i > change and word != words[i - 1]:
            if change > first and word != words[change - 1]:
                first = change
            change = i
        longest = max(longest, i + 1 - first)
    return longest


def _steady(words: Sequence[str]) -> bool:
    """The same word throughout, or numbers or single letters with equal steps."""
    if len(set(words)) == 1:
        return True
    if all(w.isdecimal() and len(w) < 10 for w in words):
        values = [int(w) for w in words]
    elif all(len(w) == 1 and w.isascii() and w.isalpha() for w in words):
        values = [ord(w) for w in words]
    else:
        return False
    return len({b - a for a, b in zip(values, values[1:], strict=False)}) == 1

"""Digits into exact fractions, with bounds: a number of a million digits costs nothing."""

import re
from fractions import Fraction

from training.grading.tokens import Unreadable

MOST_DIGITS = 8_000
LARGEST_EXPONENT = 3_000
CHUNK = 4_000
"""Python refuses to convert more digits at once (sys.set_int_max_str_digits)."""
PARTS = re.compile(r"(?P<whole>\d*)(?:\.(?P<decimals>\d*))?(?:[eE](?P<exponent>[-+]?\d+))?")


def whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise Unreadable("too many digits")
    value = 0
    for start in range(0, len(digits), CHUNK):
        chunk = digits[start : start + CHUNK]
        value = value * 10 ** len(chunk) + int(chunk)
    return value


def number(text: str) -> Fraction:
    """An unsigned decimal, with an exponent or without; raises Unreadable for one out of bounds."""
    if text.isdigit() and len(text) < CHUNK:
        return Fraction(int(text))
    match = PARTS.fullmatch(text)
    if match is None or not (match["whole"] or match["decimals"]):
        raise Unreadable("no number")
    decimals = (match["decimals"] or "").rstrip("0")
    exponent = match["exponent"] or "0"
    if len(exponent) > 6 or abs(int(exponent)) > LARGEST_EXPONENT:
        raise Unreadable("exponent out of bounds")
    scale = int(exponent) - len(decimals)
    digits = whole(match["whole"] + decimals)
    return Fraction(digits * 10**scale) if scale >= 0 else Fraction(digits, 10**-scale)


REPEATING = re.compile(r"(\d*)\.(\d*?)(?:\\overline\{?(\d+)\}?|\((\d+)\)|\\dot\{?(\d)\}?(?:(\d*)\\dot\{?(\d)\}?)?)")


def repeating(text: str) -> Fraction:
    """0.1\\overline{6}, 0.1(6) and 0.\\dot{1}4285\\dot{7} as fractions."""
    match = REPEATING.fullmatch(text)
    if match is None or len(text) > 200:
        raise Unreadable("no repeating decimal")
    before, fixed = match[1] or "0", match[2]
    period = match[3] or match[4] or match[5] + (match[6] or "") + (match[7] or "")
    start = Fraction(int(before + fixed), 10 ** len(fixed))
    return start + Fraction(int(period), (10 ** len(period) - 1) * 10 ** len(fixed))

"""Draws that depend on nothing but a key and a seed: the same rows are drawn on every machine and in every run."""

import hashlib

DRAW_BITS = 63


def draw(seed: str, key: str) -> int:
    """A number in 0..2**63 - 1, uniform over keys; the rows with the smallest numbers are a random sample."""
    digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), key=seed.encode()[:64], digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - DRAW_BITS)


def draw_share(seed: str, key: str) -> float:
    """The same draw as a number from 0 up to 1."""
    return draw(seed, key) / (1 << DRAW_BITS)

"""Sketches agree with the definitions they stand for: exact Jaccard, an unbiased estimate, bands that find pairs."""

import gzip
import json
import re
from pathlib import Path

import datasketch
import numpy as np
import pytest

from jobs.text.minhash import Banding, signature, sketch
from jobs.text.shingle_sets import jaccard

BANDING = Banding.for_threshold(0.8)


def text_of(words: range) -> str:
    return " ".join(f"word{i}" for i in words)


def true_jaccard(a: str, b: str) -> float:
    """The definition, in Python's own sets."""
    one, other = (
        {tuple(w[i : i + 5]) for i in range(max(1, len(w) - 4))}
        for w in (re.findall(r"\w+", t.casefold()) for t in (a, b))
    )
    return len(one & other) / len(one | other)


@pytest.mark.parametrize("shift", [0, 1, 10, 50, 99, 200])
def test_jaccard_is_that_of_the_sets_of_word_5_grams(shift: int) -> None:
    a, b = text_of(range(100)), text_of(range(shift, 100 + shift))
    assert jaccard(sketch(a, BANDING).shingles, sketch(b, BANDING).shingles) == true_jaccard(a, b)


def test_layout_case_and_punctuation_do_not_matter() -> None:
    a, b = "The sum -- of two\n\neven numbers: is even.", "the sum of TWO even numbers is (even)"
    assert jaccard(sketch(a, BANDING).shingles, sketch(b, BANDING).shingles) == 1


@pytest.mark.parametrize("text", ["", "one", "one two three four", "数"])
def test_texts_shorter_than_a_shingle_are_like_themselves_only(text: str) -> None:
    one, other = sketch(text, BANDING).shingles, sketch("other words here", BANDING).shingles
    assert jaccard(one, one) == (1.0 if text else 0.0) and jaccard(one, other) == 0.0


def test_signatures_estimate_the_jaccard_similarity_as_datasketch_does() -> None:
    errors, reference = [], []
    for shift in range(5, 60, 5):
        a, b = (sketch(text_of(range(s, 300 + s)), BANDING).shingles for s in (0, shift))
        errors.append(float((signature(a) == signature(b)).mean()) - jaccard(a, b))
        minhashes = [datasketch.MinHash(num_perm=128) for _ in "ab"]
        for minhash, shingles in zip(minhashes, (a, b), strict=True):
            minhash.update_batch([s.tobytes() for s in shingles])
        reference.append(minhashes[0].jaccard(minhashes[1]) - jaccard(a, b))
    spread = np.sqrt(0.25 / 128)  # the most that one estimate strays, one standard deviation
    assert abs(np.mean(errors)) < spread and np.max(np.abs(errors)) < 3.5 * spread
    assert np.std(errors) < 2 * max(np.std(reference), spread / 2)


def test_copies_share_shingles_wording_and_numbers() -> None:
    copies = [sketch(text, BANDING).copies for text in ("Add 3 to 4, twice.", "ADD 3 to 4 twice", "Add 4 to 3, twice.")]
    assert copies[0] == copies[1] != copies[2]


def test_bands_bring_pairs_at_the_threshold_together() -> None:
    assert BANDING.recall(0.8) > 0.99 and BANDING.recall(0.3) < 0.05
    found = 0
    for start in range(0, 100_000, 1000):  # pairs of 200 words that share 178: Jaccard 0.80
        a, b = (set(sketch(text_of(range(s, s + 200)), BANDING).bands.tolist()) for s in (start, start + 22))
        found += bool(a & b)
    assert found >= 97


def test_real_near_duplicates_have_the_jaccard_that_was_computed_for_them(shared: Path) -> None:
    folder = shared / "data" / "dedup"
    with gzip.open(folder / "documents.jsonl.gz", "rt") as file:
        texts = {d["id"]: d["text"] for d in map(json.loads, file)}
    with gzip.open(folder / "pairs.jsonl.gz", "rt") as file:
        pairs = [p for p in map(json.loads, file) if p["jaccard"] < 0.9]
    sketches = {i: sketch(texts[i], BANDING) for p in pairs for i in (p["a"], p["b"])}
    wrong = [
        p for p in pairs
        if abs(jaccard(sketches[p["a"]].shingles, sketches[p["b"]].shingles) - p["jaccard"]) > 0.002
    ]  # fmt: skip
    assert len(pairs) > 1000 and not wrong
    close = [p for p in pairs if p["jaccard"] >= 0.8]
    missed = [p for p in close if not set(sketches[p["a"]].bands.tolist()) & set(sketches[p["b"]].bands.tolist())]
    assert len(missed) <= 0.01 * len(close)

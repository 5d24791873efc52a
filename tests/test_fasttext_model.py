"""Training gives the same bytes twice, and says what is wrong where it cannot learn."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from labelled_lines import SETTINGS, write_examples

from jobs.fasttext_model import LABEL, Diverged, train


def test_training_twice_gives_the_same_bytes_whatever_memory_held_before(tmp_path: Path) -> None:
    examples = write_examples(tmp_path / "examples.txt")
    train(examples, tmp_path / "once.bin", SETTINGS)
    used = [np.full(size, np.nan) for size in (1_000, 30_000, 70_000) for _ in range(50)]
    del used  # fastText would get this memory and read it as weights
    train(examples, tmp_path / "again.bin", SETTINGS)
    assert (tmp_path / "again.bin").read_bytes() == (tmp_path / "once.bin").read_bytes()


def test_words_too_rare_for_the_minimum_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "e.txt").write_text(f"{LABEL}math one\n{LABEL}other two\n")
    with pytest.raises(ValueError, match="no word occurs 3 times"):
        train(tmp_path / "e.txt", tmp_path / "model.bin", replace(SETTINGS, min_count=3))


def test_a_learning_rate_that_is_too_high_is_said(tmp_path: Path) -> None:
    with pytest.raises(Diverged, match="is too high"):
        train(write_examples(tmp_path / "e.txt"), tmp_path / "model.bin", replace(SETTINGS, lr=1e30))

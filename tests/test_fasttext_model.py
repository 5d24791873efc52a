"""Training gives the same bytes twice, and the reduced model scores as the whole one does."""

import random
from dataclasses import replace
from pathlib import Path

import fasttext
import numpy as np
import pytest

from jobs.fasttext_model import LABEL, NotAModel, Scorer, TrainingSettings, load, reduce, train, zeroed_memory

SETTINGS = TrainingSettings(dim=16, lr=0.5, word_ngrams=3, min_count=2, epoch=20, bucket=4096)
MATHS, NEWS = "lemma proof integral theorem let sum".split(), "team goal market minister rain film".split()
LINES = ["proof integral theorem", "market minister goal rain", "lemma goal", "", "unheard", "设 函 数"]


def write_examples(path: Path, labels: tuple[str, ...] = ("math", "other")) -> Path:
    draw = random.Random(1)
    vocabulary = dict(zip(labels, (MATHS, NEWS, MATHS), strict=False))
    lines = [
        f"{LABEL}{name} {' '.join(draw.choices(words, k=12))}" for _ in range(30) for name, words in vocabulary.items()
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    train(write_examples(folder / "examples.txt"), folder / "model.bin", SETTINGS)
    return folder / "model.bin"


def test_training_twice_gives_the_same_bytes_whatever_memory_held_before(tmp_path: Path, model: Path) -> None:
    used = [np.full(size, np.nan) for size in (1_000, 30_000, 70_000) for _ in range(50)]
    del used  # fastText would get this memory and read it as weights
    train(write_examples(tmp_path / "examples.txt"), tmp_path / "again.bin", SETTINGS)
    assert (tmp_path / "again.bin").read_bytes() == model.read_bytes()
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["again.bin", "examples.txt"]


def test_the_reduced_model_scores_as_the_whole_one(tmp_path: Path) -> None:
    whole, reduced = tmp_path / "whole.bin", tmp_path / "reduced.bin"
    examples = str(write_examples(tmp_path / "e.txt"))
    with zeroed_memory():
        trained = fasttext.train_supervised(
            examples, dim=16, lr=0.5, wordNgrams=3, minCount=2, epoch=20, bucket=4096, thread=1, verbose=0
        )
    trained.save_model(str(whole))
    reduce(whole, reduced)
    np.testing.assert_allclose(Scorer(reduced).score(LINES, "math"), Scorer(whole).score(LINES, "math"), atol=2e-6)
    assert reduced.stat().st_size < whole.stat().st_size / 10


def test_scores_tell_the_kinds_apart_and_stay_within_0_and_1(model: Path) -> None:
    scorer = Scorer(model)
    math, news = scorer.score(LINES[:2], "math")
    assert 1 >= math > 0.8 and 0.2 > news >= 0
    np.testing.assert_allclose(scorer.score(LINES, "math") + scorer.score(LINES, "other"), 1, atol=1e-4)


def test_a_worker_loads_a_model_once(model: Path) -> None:
    one = load(str(model.parent), model.name, "digest")
    assert load(str(model.parent), model.name, "digest") is one
    assert load(str(model.parent), model.name, "other digest") is not one


@pytest.mark.parametrize("content", [b"", b"not a model at all" * 10])
def test_another_file_is_no_model(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.bin").write_bytes(content)
    with pytest.raises(NotAModel, match="not a fastText model"):
        reduce(tmp_path / "x.bin", tmp_path / "y.bin")


def test_three_labels_are_refused(tmp_path: Path) -> None:
    examples = write_examples(tmp_path / "e.txt", ("math", "other", "third"))
    with pytest.raises(NotAModel, match="3 labels"):
        train(examples, tmp_path / "model.bin", SETTINGS)


def test_words_too_rare_for_the_minimum_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "e.txt").write_text(f"{LABEL}math one\n{LABEL}other two\n")
    with pytest.raises(ValueError, match="no word occurs 3 times"):
        train(tmp_path / "e.txt", tmp_path / "model.bin", replace(SETTINGS, min_count=3))

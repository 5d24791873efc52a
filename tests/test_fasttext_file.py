"""What is read from a fastText file is what it holds, the reduced model scores as the whole one, others are refused."""

import struct
from pathlib import Path

import fasttext
import numpy as np
import pytest
from labelled_lines import SETTINGS, write_examples

from jobs.fasttext_file import NotAModel, read_model
from jobs.fasttext_model import LABEL, train, zeroed_memory

LINES = ["proof integral theorem", "market minister goal rain", "lemma goal", "", "unheard", "设 函 数"]


def write_model(folder: Path, **changed: object) -> Path:
    """A model file with other settings than the classifier's."""
    chosen = {"dim": 16, "lr": 0.5, "wordNgrams": 3, "minCount": 2, "bucket": 4096, **changed}
    examples = str(write_examples(folder / "e.txt"))
    with zeroed_memory():
        fasttext.train_supervised(examples, **chosen, thread=1, verbose=0).save_model(str(folder / "m.bin"))
    return folder / "m.bin"


def scores(path: Path) -> list[float]:
    labels, found = fasttext.load_model(str(path)).predict(LINES, k=2)
    return [p[list(names).index(f"{LABEL}math")] for names, p in zip(labels, found, strict=True)]


def test_the_reduced_model_scores_as_the_whole_one(tmp_path: Path) -> None:
    whole, reduced = tmp_path / "whole.bin", tmp_path / "reduced.bin"
    train(write_examples(tmp_path / "e.txt"), whole, SETTINGS).write(reduced)
    np.testing.assert_allclose(scores(reduced), scores(whole), atol=1e-5)
    assert reduced.stat().st_size < whole.stat().st_size / 10


def test_what_is_read_is_what_fasttext_says(tmp_path: Path) -> None:
    model = read_model(write_model(tmp_path))
    known = fasttext.load_model(str(tmp_path / "m.bin"))
    assert [w.decode() for w in model.words] == known.get_words()
    assert [w.decode() for w in model.entries[-2:]] == known.get_labels()
    assert model.word_ngrams == 3
    first, second = known.get_output_matrix()
    np.testing.assert_allclose(model.weights, known.get_input_matrix() @ (first - second), atol=1e-5)


def test_the_weights_speak_for_the_label_that_is_asked_for(tmp_path: Path) -> None:
    model = read_model(write_model(tmp_path))
    lemma = model.words.index(b"lemma")
    assert model.towards(f"{LABEL}math")[lemma] > 0 > model.towards(f"{LABEL}other")[lemma]
    with pytest.raises(NotAModel, match="no label '__label__third' among"):
        model.towards(f"{LABEL}third")


@pytest.mark.parametrize("content", [b"", b"not a model at all" * 10])
def test_another_file_is_no_model(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.bin").write_bytes(content)
    with pytest.raises(NotAModel, match="not a fastText model"):
        read_model(tmp_path / "x.bin")


@pytest.mark.parametrize("share", [0.001, 0.5, 0.999])
def test_a_file_that_was_cut_is_no_model(tmp_path: Path, share: float) -> None:
    whole = write_model(tmp_path).read_bytes()
    (tmp_path / "x.bin").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(NotAModel, match="x.bin: .*(cut short|ends within)"):
        read_model(tmp_path / "x.bin")


@pytest.mark.parametrize("changed", [{"loss": "hs"}, {"loss": "ova"}, {"maxn": 4}], ids=str)
def test_models_that_score_otherwise_are_refused(tmp_path: Path, changed: dict[str, object]) -> None:
    with pytest.raises(NotAModel, match="need supervised softmax without character n-grams"):
        read_model(write_model(tmp_path, **changed))


def test_a_quantised_model_is_refused(tmp_path: Path) -> None:
    path = write_model(tmp_path)
    model = fasttext.load_model(str(path))
    model.quantize()
    model.save_model(str(path))
    with pytest.raises(NotAModel):
        read_model(path)


def test_three_labels_are_refused(tmp_path: Path) -> None:
    examples = write_examples(tmp_path / "e.txt", ("math", "other", "third"))
    with pytest.raises(NotAModel, match="3 labels"):
        train(examples, tmp_path / "model.bin", SETTINGS)


def test_a_wrong_number_of_rows_is_refused(tmp_path: Path) -> None:
    path = write_model(tmp_path)
    data = bytearray(path.read_bytes())
    struct.pack_into("<i", data, 40, 4095)  # the bucket argument
    path.write_bytes(data)
    with pytest.raises(NotAModel, match=r"rows for \d+ words and 4095 buckets"):
        read_model(path)

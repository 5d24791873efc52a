"""The linear model scores as fastText does, whatever stands in a text, and refuses files that would lead it astray."""

import json
from pathlib import Path

import fasttext
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelled_lines import MATHS, NEWS, write_examples

from jobs.fasttext_model import LABEL, TrainingSettings, train
from jobs.text.linear_kernel import word_hash
from jobs.text.linear_model import LinearScorer, NotLinear, load, write_linear
from jobs.text.normalise import normalise
from jobs.web.page_text import extract_page
from jobs.web.warc_records import WarcPage, read_warc

WITHIN = 1e-4
BLANKS = " \t\v\f\r\0"
ODD = [
    *("</s>", "</s>x", "x</s>", "__label__", "__label__math", "__label__other", "__label__new", "_"),
    *("\u00a0", "\u2003", "\u0085", "\x1c", "\x1f", "unheard", "未", "é"),
]


class Reference:
    """A small trained model, by fastText and linear."""

    def __init__(self, folder: Path, trained_with: TrainingSettings) -> None:
        examples = write_examples(folder / "examples.txt", words=30)
        self.two_label = train(examples, folder / "whole.bin", trained_with)
        self.file = folder / "linear.npy"
        model = self.two_label
        write_linear(self.file, model.words, model.towards(f"{LABEL}math"), model.word_ngrams)
        self.fasttext = fasttext.load_model(str(folder / "whole.bin"))
        self.linear = LinearScorer(self.file)

    def expected(self, lines: list[str]) -> list[float]:
        predicted = zip(*self.fasttext.predict(lines, k=2), strict=True)
        return [dict(zip(names, p, strict=True)).get(f"{LABEL}math", 0.0) for names, p in predicted]

    def check(self, lines: list[str]) -> None:
        np.testing.assert_allclose(self.linear.score(lines), self.expected(lines), rtol=0, atol=WITHIN)


MODELS = {
    "paper": TrainingSettings(dim=256, lr=0.5, word_ngrams=3, min_count=3, epoch=15, bucket=20_000),
    "collisions": TrainingSettings(dim=16, lr=0.5, word_ngrams=3, min_count=2, epoch=20, bucket=7),
    "long n-grams": TrainingSettings(dim=16, lr=0.5, word_ngrams=5, min_count=2, epoch=20, bucket=4096),
    "words alone": TrainingSettings(dim=16, lr=0.5, word_ngrams=1, min_count=2, epoch=20, bucket=4096),
    "no end of line": TrainingSettings(dim=16, lr=0.5, word_ngrams=2, min_count=81, epoch=20, bucket=100),
}


@pytest.fixture(scope="module")
def references(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Reference]:
    return {name: Reference(tmp_path_factory.mktemp("model"), chosen) for name, chosen in MODELS.items()}


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(
        st.lists(
            st.one_of(
                st.sampled_from([*MATHS, *NEWS]), st.sampled_from(ODD), st.sampled_from(BLANKS),
                st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=5),
            ),
            max_size=20,
        ).map(lambda pieces: " ".join(pieces) if len(pieces) % 2 else "".join(pieces)),
        min_size=1, max_size=8,
    )
)  # fmt: skip
def test_any_text_scores_as_fasttext_scores_it(references: dict[str, Reference], name: str, lines: list[str]) -> None:
    references[name].check(lines)


@pytest.mark.parametrize("name", MODELS)
def test_the_corners(references: dict[str, Reference], name: str) -> None:
    corners = [
        *("", " ", "\0", "\0\0lemma\0proof\0", BLANKS, "lemma", " lemma", "lemma ", "lemma  proof", "lemma\rproof"),
        *("lemma </s> team goal", "</s>", "team __label__math goal", "__label__other", "unheard"),
        *("函数", "函 数", "lemma\u00a0proof", "\u2028lemma", "😀 lemma"),
        *("x" * 100_000, "lemma " * 50_000, "unheard " * 50_000),
    ]
    references[name].check(corners)


def test_an_unknown_word_counts_in_ngrams_and_not_by_itself(references: dict[str, Reference]) -> None:
    one, other = references["collisions"].linear.score(["lemma unheard proof", "lemma unseen proof"])
    assert one != other
    one, other, alone = references["words alone"].linear.score(["lemma unheard", "lemma unseen", "lemma"])
    assert one == other == alone


def test_a_model_that_knows_nothing_of_a_text_scores_0(references: dict[str, Reference]) -> None:
    assert references["no end of line"].linear.score(["", " \0"]).tolist() == [0.0, 0.0]


def test_a_text_counts_up_to_its_first_line_break(references: dict[str, Reference]) -> None:
    scorer = references["paper"].linear
    assert scorer.score(["lemma proof\nteam goal"]).tolist() == scorer.score(["lemma proof"]).tolist()


def test_scores_tell_the_kinds_apart_and_depend_on_no_neighbour(references: dict[str, Reference]) -> None:
    scorer = references["paper"].linear
    lines = ["proof integral theorem", "", "market minister goal rain"]
    maths, _, news = scorer.score(lines)
    assert 1 >= maths > 0.8 and 0.2 > news >= 0
    assert [float(scorer.score([line])[0]) for line in lines] == scorer.score(lines).tolist()
    assert scorer.score([]).tolist() == []


def test_all_pages_of_a_crawl_score_as_fasttext_scores_them(shared: Path, tmp_path: Path) -> None:
    files = sorted((shared / "data/crawl/open").glob("*.warc.gz"))
    pages = [p for file in files for p in read_warc(str(file)) if isinstance(p, WarcPage)]
    texts = [extract_page(p.html, p.url) for p in pages]
    lines = [normalise(t.text) for t in texts]
    examples = [f"{LABEL}{'math' if t.formulas_kept else 'other'} {line}" for t, line in zip(texts, lines, strict=True)]
    (tmp_path / "examples.txt").write_text("\n".join(examples[::2]) + "\n")
    model = train(tmp_path / "examples.txt", tmp_path / "whole.bin", TrainingSettings(16, 0.5, 3, 3, 2, 200_000))
    write_linear(tmp_path / "linear.npy", model.words, model.towards(f"{LABEL}math"), model.word_ngrams)
    everything = lines + [" ".join(t.text.splitlines()) for t in texts]
    labels, scores = fasttext.load_model(str(tmp_path / "whole.bin")).predict(everything, k=2)
    expected = [p[list(names).index(f"{LABEL}math")] for names, p in zip(labels, scores, strict=True)]
    assert len(pages) > 1000
    np.testing.assert_allclose(LinearScorer(tmp_path / "linear.npy").score(everything), expected, rtol=0, atol=WITHIN)


def test_words_that_share_a_hash_keep_their_weights(tmp_path: Path) -> None:
    words = [b"costarring", b"liquid", b"other"]
    one, two = (word_hash(np.frombuffer(word, np.uint8), 0, len(word)) for word in words[:2])
    assert one == two
    weights = np.array([3, -3, 0], np.float32)
    write_linear(tmp_path / "m.npy", words, weights, word_ngrams=1)
    first, second = LinearScorer(tmp_path / "m.npy").score([w.decode() for w in words[:2]])
    assert first > 0.9 and second < 0.1


def test_the_file_is_mapped_once_for_a_digest(references: dict[str, Reference]) -> None:
    file = references["paper"].file
    one = load(str(file.parent), file.name, "digest")
    assert load(str(file.parent), file.name, "digest") is one
    assert load(str(file.parent), file.name, "other digest") is not one
    base = one.model.weights
    while not isinstance(base, np.memmap):
        assert isinstance(base, np.ndarray), "the weights are a copy, not the mapped file"
        base = base.base
    assert Path(str(base.filename)) == file


def test_a_mapped_file_may_be_removed(references: dict[str, Reference], tmp_path: Path) -> None:
    copy = tmp_path / "copy.npy"
    copy.write_bytes(references["paper"].file.read_bytes())
    scorer = LinearScorer(copy)
    copy.unlink()
    assert scorer.score(["lemma"]).tolist() == references["paper"].linear.score(["lemma"]).tolist()


def test_the_same_model_gives_the_same_bytes(references: dict[str, Reference], tmp_path: Path) -> None:
    model = references["paper"].two_label
    write_linear(tmp_path / "again.npy", model.words, model.towards(f"{LABEL}math"), model.word_ngrams)
    assert (tmp_path / "again.npy").read_bytes() == references["paper"].file.read_bytes()


@pytest.mark.parametrize("content", [b"", b"no npy file", json.dumps({}).encode()])
def test_another_file_is_no_model(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(NotLinear):
        LinearScorer(tmp_path / "x.npy")


@pytest.mark.parametrize("array", ["weights", "slots", "bounds"])
def test_tables_that_do_not_fit_together_are_refused(
    references: dict[str, Reference], tmp_path: Path, array: str
) -> None:
    record = np.load(references["paper"].file)
    wrong = {"weights": [0.0], "slots": record["slots"][0] + (1 << 20), "bounds": record["bounds"][0][::-1]}
    whole = {name: record[name][0] for name in record.dtype.names} | {array: np.array(wrong[array])}
    changed = np.zeros(1, [(name, value.dtype, value.shape) for name, value in whole.items()])
    for name, value in whole.items():
        changed[name][0] = value
    np.save(tmp_path / "x.npy", changed)
    with pytest.raises(NotLinear, match="do not fit together"):
        LinearScorer(tmp_path / "x.npy")

"""The n-gram index finds what the paper's rule condemns, and nothing that only looks alike."""

from pathlib import Path

import numpy as np
import pytest

from jobs.text import ngrams
from jobs.text.ngrams import GramIndex, gram_hashes, words

QUESTION = "A farmer has twelve hens and each hen lays five eggs every single week of the year."


def found(index: GramIndex, text: str) -> list[tuple[int, str]]:
    page = words(text)
    return [(m.text, page.joined(m.start, m.words)) for m in index.matches(page)]


def split(text: str) -> list[str]:
    page = words(text)
    return [page.joined(i, 1) for i in range(len(page))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Solve 2x+3=7.", ["solve", "2x", "3", "7"]),
        ("设集合A={1，２}", ["设", "集", "合", "a", "1", "2"]),
        ("ひらがな カナ", list("ひらがなカナ")),
        ("Straße ﬁne x²", ["strasse", "fine", "x2"]),
        ("한국어 문장", ["한국어", "문장"]),
        (" \n—!", []),
        ("", []),
        ("a_b 𝐱", ["a", "b", "x"]),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert split(text) == expected


def test_equal_words_have_equal_hashes_and_order_matters() -> None:
    page = words("one two one three")
    assert page.hashes[0] == page.hashes[2] != page.hashes[1]
    a, b = (gram_hashes(words(t).hashes, 2)[0] for t in ("one two", "two one"))
    assert a != b and len(gram_hashes(page.hashes, 5)) == 0


def test_ten_words_in_a_row_condemn_and_nine_do_not() -> None:
    index = GramIndex.build([QUESTION])
    ten = "twelve hens and each hen lays five eggs every single"
    assert found(index, f"He said: {ten.upper()}!") == [(0, ten)]
    assert found(index, f"He said: {ten.removesuffix(' single')} other") == []
    assert found(index, QUESTION.replace("lays", "brings")) == []


def test_a_short_text_counts_as_a_whole_and_a_shorter_one_never() -> None:
    index = GramIndex.build(["What is 7 times 8?", "Prove it", "小明有几个苹果"])
    assert index.too_short == 1
    assert found(index, "Quiz: what is 7 times 8? Prove it") == [(0, "what is 7 times 8")]
    assert found(index, "what is 7 times 9") == []
    assert found(index, "问：小明有几个苹果？") == [(2, "小 明 有 几 个 苹 果")]


def test_a_part_of_a_short_text_does_not_count() -> None:
    assert found(GramIndex.build(["find the value of x", "find the value"]), "find the value of y") == [
        (1, "find the value")
    ]


def test_every_text_that_shares_the_run_is_named() -> None:
    index = GramIndex.build(
        [QUESTION, "Other words that nobody says in this test at all, ever", QUESTION + " And more."]
    )
    assert [text for text, _ in found(index, QUESTION)] == [0, 2]


def test_a_hash_alone_condemns_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    index = GramIndex.build([QUESTION])
    monkeypatch.setattr(ngrams, "_contains", lambda table, grams: np.ones(len(grams), np.bool_))
    monkeypatch.setattr(ngrams, "gram_hashes", lambda hashes, n: np.full(max(0, len(hashes) - n + 1), index.grams[0]))
    assert found(index, "eleven other words stand here, so that there is one run of ten") == []


def test_an_index_of_nothing_finds_nothing() -> None:
    assert found(GramIndex.build([]), QUESTION) == []


def test_the_paper_reading_of_real_plants(shared: Path) -> None:
    """Whatever the plain-words reading condemns is found; clean documents are not condemned."""
    import gzip
    import json

    from jobs.lake.benchmarks import read_benchmarks
    from jobs.lake.storage import Storage

    with gzip.open(shared / "data/decontamination/documents.jsonl.gz", "rt") as file:
        documents = [json.loads(line) for line in file]
    items = read_benchmarks(Storage(str(shared / "data/benchmarks"))).items
    index = GramIndex.build([t for i in items if not i.benchmark.startswith(("decon", "code")) for t in i.texts])
    flagged = {d["id"]: bool(index.matches(words(d["text"]))) for d in documents}
    missed = [d["id"] for d in documents if d["expect_words"] and not flagged[d["id"]]]
    clean = [d["id"] for d in documents if d["how"].startswith("clean_")]
    assert not missed and len(clean) > 250 and not [i for i in clean if flagged[i]]

"""The n-gram index finds what the paper's rule condemns, and nothing that only looks alike."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from jobs.lake.benchmarks import read_benchmarks, read_declarations
from jobs.lake.storage import Storage
from jobs.text import gram_kernel
from jobs.text.gram_index import GramIndex
from jobs.text.maths_reading import read_maths
from jobs.text.plain_reading import read_plain

QUESTION = "A farmer has twelve hens and each hen lays five eggs every single week of the year."
DECLARATIONS = Path(__file__).resolve().parents[2] / "benchmarks" / "decontamination.toml"


def indexed(*texts: str) -> GramIndex:
    return GramIndex.build([read_maths(text) for text in texts])


def found(index: GramIndex, text: str) -> list[tuple[int, str]]:
    page = read_maths(text)
    return sorted((run.text, page.joined(run.start, run.words)) for run in index.runs(page))


def test_ten_words_in_a_row_condemn_and_nine_do_not() -> None:
    index = indexed(QUESTION)
    ten = "twelve hens and each hen lays five eggs every single"
    assert found(index, f"He said: {ten.upper()}!") == [(0, ten)]
    assert found(index, f"He said: {ten.removesuffix(' single')} other") == []
    assert found(index, QUESTION.replace("lays", "brings")) == []


def test_a_run_goes_on_as_long_as_both_texts_do() -> None:
    ((_, whole),) = found(indexed(QUESTION), f"Before. {QUESTION} Behind.")
    assert whole == QUESTION.removesuffix(".").lower()


def test_a_short_text_counts_as_a_whole_and_a_shorter_one_never() -> None:
    index = indexed("What is 7 times 8?", "Prove it", "小明有几个苹果")
    assert index.too_short == 1
    assert found(index, "Quiz: what is 7 times 8? Prove it") == [(0, "what is 7 times 8")]
    assert found(index, "what is 7 times 9") == []
    assert found(index, "问：小明有几个苹果？") == [(2, "小 明 有 几 个 苹 果")]


def test_a_part_of_a_short_text_does_not_count() -> None:
    assert found(indexed("find the value of x", "find the value"), "find the value of y") == [(1, "find the value")]


def test_every_text_that_shares_the_run_is_named_and_copies_have_one_context() -> None:
    index = indexed(
        QUESTION, "Other words that nobody says in this test at all, ever", f"{QUESTION} And more.", QUESTION
    )
    runs = index.runs(read_maths(QUESTION))
    assert sorted(run.text for run in runs) == [0, 2, 3]
    contexts = {run.text: index.context(run) for run in runs}
    assert contexts[0] == contexts[3] != contexts[2]
    assert {index.length(run.text) for run in runs} == {17, 19}


def test_other_signs_are_another_formula_and_lost_signs_are_not() -> None:
    index = indexed("Solve for x where a + b x + c y + d z = 12 and y > 0")
    assert found(index, "where a + b x + c y + d z = 12 and")
    assert found(index, "where a b x c y d z 12 and")
    assert not found(index, "where a + b x - c y + d z = 12 and")


def test_the_same_word_again_and_again_gives_a_run_for_every_shift_and_no_more() -> None:
    runs = indexed("0 " * 40).runs(read_maths("0 " * 30))
    assert max(run.words for run in runs) == 30 and len(runs) <= 40 + 30


def test_a_hash_alone_condemns_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every gram of the page gets the hash of an indexed one; only the numbers of the words differ."""
    index = indexed(QUESTION)
    page = read_maths("twelve hens and each hen brings five eggs every single week of the year")
    numbers = gram_kernel.number_words(page.hashes, page.bounds, page.letters, index.vocabulary)
    value = gram_kernel.finished(gram_kernel.gram_hash(index.grams.numbers, 1, 10), 10)
    slot = gram_kernel._gram_slot(value, index.grams.numbers, 1, 10, index.grams.numbers, index.grams.table)
    assert index.grams.table[slot] != 0
    other = gram_kernel._gram_slot(value, numbers, 0, 10, index.grams.numbers, index.grams.table)
    assert index.grams.table[other] == 0, "the same hash, other words: no entry"


def test_words_of_one_hash_are_told_apart() -> None:
    letters, bounds = np.array([97, 98], np.uint32), np.array([0, 1, 2], np.int32)
    same = np.array([7, 7], np.uint64)
    table = np.full(16, gram_kernel.FREE, np.int32)
    numbers, *_ = gram_kernel.learn_words(same, bounds, letters, table)
    assert numbers.tolist() == [0, 1]


def test_an_index_of_nothing_finds_nothing() -> None:
    assert found(indexed(), QUESTION) == [] and found(indexed("", "a"), QUESTION) == []


@pytest.mark.parametrize(("mode", "read"), [("words", read_plain), ("maths", read_maths)])
def test_the_verdicts_of_the_labelled_set(shared: Path, mode: str, read: object) -> None:
    """The literal rule agrees with the set's verdict for that reading; disputed pages may differ by their signs."""
    with gzip.open(shared / "data/decontamination/documents.jsonl.gz", "rt") as file:
        documents = [json.loads(line) for line in file]
    declared = read_declarations(DECLARATIONS.read_bytes())
    items = read_benchmarks(Storage(str(shared / "data/benchmarks")), "", declared).items
    assert callable(read)
    index = GramIndex.build([read(text) for item in items for text in item.texts])
    wrong = [d["how"] for d in documents if bool(index.runs(read(d["text"]))) != d[f"expect_{mode}"]]
    assert not [how for how in wrong if mode == "words" or not how.startswith("disputed")]
    assert len(wrong) <= 3

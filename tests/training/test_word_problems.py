import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from jobs.lake.stage import StageError
from training.benchmarks import word_problems
from training.benchmarks.questions import Question, question_digests, read_benchmarks
from training.benchmarks.scoring import accuracy, majority, pass_at_k
from training.benchmarks.stories import STORIES
from training.benchmarks.word_problems import LARGEST, SHARES, Split, examples, split_of, training_questions
from training.grading import grade

EQUATION = re.compile(r"(\d+) ([-+*/]) (\d+) = (\d+)\Z")


@pytest.fixture(scope="module")
def splits() -> dict[Split, list[Question]]:
    counts: dict[Split, int] = {"sft": 12_000, "rl": 5_000, "validation": 1_500, "test": 2_500}
    return {split: examples(split, count, seed) for seed, (split, count) in enumerate(counts.items())}


def test_no_question_of_a_split_is_in_another_in_21000(splits: dict[Split, list[Question]]) -> None:
    owners: dict[str, set[str]] = {}
    for split, questions in splits.items():
        for question in questions:
            owners.setdefault(" ".join(question.question.lower().split()), set()).add(split)
    assert sum(len(q) for q in splits.values()) == 21_000
    assert all(len(found) == 1 for found in owners.values())


def test_story_and_numbers_alone_decide_the_split(splits: dict[Split, list[Question]]) -> None:
    """Names, things and wording do not make a question new: the same story and numbers stay on one side."""
    for split, questions in splits.items():
        for question in questions[::10]:
            story, numbers = _origin(question)
            assert split_of(story, numbers) == split


def _origin(question: Question) -> tuple[str, dict[str, int]]:
    for story, pattern in PATTERNS:
        if match := pattern.fullmatch(question.question):
            return story, {name: int(value) for name, value in match.groupdict().items()}
    raise AssertionError(question.question)


def _pattern(text: str) -> re.Pattern[str]:
    pattern = re.sub(r"\\{[pqtu]\\}", r"\\w+", re.escape(text))
    seen: set[str] = set()

    def slot(match: re.Match[str]) -> str:
        known = match[1] in seen
        seen.add(match[1])
        return f"(?P={match[1]})" if known else rf"(?P<{match[1]}>\d+)"

    return re.compile(re.sub(r"\\{([abcd])\\}", slot, pattern))


PATTERNS = [(story.name, _pattern(text)) for story in STORIES for text in story.texts]


def test_every_step_is_true_and_leads_to_the_answer(splits: dict[Split, list[Question]]) -> None:
    for question in splits["test"]:
        *steps, final = question.solution
        assert 2 <= len(steps) <= 3
        for step in steps:
            match = EQUATION.match(step)
            assert match is not None, step
            left, sign, right, result = Fraction(match[1]), match[2], Fraction(match[3]), Fraction(match[4])
            value = {"+": left + right, "-": left - right, "*": left * right, "/": left / right}[sign]
            assert value == result and 1 <= result <= LARGEST
        assert steps[-1].endswith(f"= {question.answer}") and final == f"The answer is {question.answer}."
        assert grade("\n".join(question.solution), question.answer).correct


def test_the_same_seed_gives_the_same_questions_and_more_give_the_same_first() -> None:
    assert examples("rl", 50, seed=4) == examples("rl", 80, seed=4)[:50]
    assert examples("rl", 50, seed=4) != examples("rl", 50, seed=5)


def test_ids_are_unique(splits: dict[Split, list[Question]]) -> None:
    ids = [q.id for questions in splits.values() for q in questions]
    assert len(ids) == len(set(ids))


def test_shares_cover_all_problems() -> None:
    assert sum(SHARES.values()) == 100


def test_a_used_up_split_says_how_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    only = replace(STORIES[0], texts=("{a} and {b} and {c}",))
    monkeypatch.setattr(word_problems, "STORIES", (only,))
    monkeypatch.setattr(word_problems, "PATIENCE", 2_000)
    with pytest.raises(StageError, match=r"gave \d+ different questions.*--questions"):
        training_questions(1_000, 1, "")


def test_reads_questions_of_gsm8ks_layout(tmp_path: Path) -> None:
    (tmp_path / "school").mkdir()
    file = tmp_path / "school" / "test.jsonl"
    file.write_text('{"question": "Two and two?", "answer": "2+2 = <<2+2=4>>4\\n#### 4"}\n\n')
    (benchmark,) = read_benchmarks(str(tmp_path))
    assert benchmark.name == "school/test"
    (question,) = benchmark.questions
    assert (question.question, question.answer) == ("Two and two?", "4")
    assert question.solution == ("2+2 = 4", "The answer is 4.")
    assert training_questions(5, 1, str(file)) == [question]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "is empty"),
        ("{not json}\n", "line 1 is not JSON"),
        ('{"question": "Q", "answer": "four"}\n', "does not end in '#### ANSWER'"),
        ('{"problem": "Q"}\n', "no text in 'question' and 'answer'"),
    ],
)
def test_a_file_that_is_no_benchmark_is_refused_with_its_line(tmp_path: Path, content: str, complaint: str) -> None:
    (tmp_path / "odd.jsonl").write_text(content)
    with pytest.raises(StageError, match=complaint):
        read_benchmarks(str(tmp_path))


def test_a_missing_place_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="no such file or folder"):
        read_benchmarks(str(tmp_path / "nowhere"))
    with pytest.raises(StageError, match=r"no \*.jsonl file"):
        read_benchmarks(str(tmp_path))


def test_a_changed_question_file_has_another_digest(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text("one")
    before = question_digests(str(tmp_path))
    file.write_text("two")
    assert question_digests(str(tmp_path)) != before and question_digests("") == {}


def test_reads_the_published_gsm8k_test_set() -> None:
    place = Path(__file__).resolve().parents[2].parent / "shared/data/benchmarks/gsm8k/test.jsonl"
    if not place.exists():
        pytest.skip(f"no GSM8K at {place}")
    (benchmark,) = read_benchmarks(str(place))
    assert len(benchmark.questions) == 1319
    assert all(grade("\n".join(q.solution), q.answer).correct for q in benchmark.questions)


def test_accuracy_has_an_interval_around_it() -> None:
    found = accuracy([True] * 30 + [False] * 70)
    assert found.value == 0.3 and 0.19 < found.low < 0.25 and 0.35 < found.high < 0.41
    assert accuracy([True] * 5) == accuracy([True] * 5) and accuracy([True] * 5).low == 1.0
    with pytest.raises(ValueError, match="no answers"):
        accuracy([])


def test_pass_at_k_counts_draws_without_replacement() -> None:
    assert pass_at_k(4, 1, 1) == 0.25 and pass_at_k(4, 1, 4) == 1.0 and pass_at_k(4, 0, 4) == 0.0
    assert pass_at_k(4, 2, 2) == pytest.approx(1 - 1 / 6)
    with pytest.raises(ValueError, match="between 1 and the 4"):
        pass_at_k(4, 2, 5)


def test_majority_ignores_missing_answers_and_breaks_ties_by_order() -> None:
    assert majority(["", "", "3"]) == "3" and majority(["4", "3", "3", "4"]) == "4" and majority([""]) == ""

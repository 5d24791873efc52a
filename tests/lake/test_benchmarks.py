"""Benchmark files of every layout give their questions and worked solutions; whatever cannot be read is told."""

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.lake.benchmarks import BenchmarkItem, DeclarationError, Declared, Unread, read_benchmarks, split_worked_answer
from jobs.lake.storage import Storage

LONG_ANSWER = "First add the two numbers, then divide what you get by three."


def items(folder: Path) -> list[BenchmarkItem]:
    found = read_benchmarks(Storage(str(folder)))
    assert not found.unread
    return list(found.items)


def write_lines(path: Path, *rows: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.parametrize(
    ("row", "texts", "answer"),
    [
        ({"question": "Q?", "answer": "2+3=<<2+3=5>>5 eggs.\n#### 5"}, ("Q?", "2+3=5 eggs."), "5"),
        ({"question": "Q?", "answer": LONG_ANSWER}, ("Q?", LONG_ANSWER), ""),
        ({"question": "Q?", "options": ["a very long option of a multiple choice"], "answer": "B"}, ("Q?",), "B"),
        ({"problem": "P.", "solution": "S.", "answer": 27.0}, ("P.", "S."), "27.0"),
        ({"question": "P.", "problem": "P.", "rationale": "R."}, ("P.", "R."), ""),
        ({"input": "I?", "target": 43.0}, ("I?",), "43.0"),
        ({"body": "Two apples.", "question": "Or?", "answer": "2 (apples)"}, ("Two apples. Or?",), "2 (apples)"),
        ({"question": "Q?", "solution": ["One.", "Another."], "final_answer": ["2"]}, ("Q?", "One.\nAnother."), ""),
        ({"Body": "Two apples", "Question": "How many?", "Answer": 2.0}, ("Two apples. How many?",), "2.0"),
        ({"informal_statement": "T.", "informal_proof": "P.", "formal_statement": "theorem"}, ("T.", "P."), ""),
        ({"messages": [{"role": "user", "content": "Q?"}], "answer": "18"}, ("Q?",), "18"),
        ({"question": "Q?", "answer": "0", "eval_key": "mmlu", "is_correct": False}, ("Q?",), ""),
        ({"text": "Write a function.", "code": "def f(): pass"}, ("Write a function.",), ""),
    ],
)  # fmt: skip
def test_layouts(tmp_path: Path, row: dict[str, Any], texts: tuple[str, ...], answer: str) -> None:
    write_lines(tmp_path / "set/test.jsonl", row)
    (item,) = items(tmp_path)
    assert (item.benchmark, item.item, item.texts, item.answer) == ("set/test", "0", texts, answer)


def test_the_verl_layout_of_math_loses_its_suffix(tmp_path: Path) -> None:
    suffix = " Let's think step by step and output the final answer within \\boxed{}."
    truth = {"question": "How many?" + suffix, "solution": "Two.", "target": "2"}
    row = {"prompt": [{"content": truth["question"], "role": "user"}], "reward_model": {"ground_truth": truth}}
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "test.parquet")
    (item,) = items(tmp_path)
    assert (item.question, item.solution, item.answer) == ("How many?", "Two.", "2")


def test_gzip_and_csv_are_read_and_items_are_numbered_by_row(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"question": "One?"}\n{"question": "Two?"}\n'))
    (tmp_path / "b.csv").write_text('question,answer\n"Three, or\nfour?",4\n')
    assert [(i.benchmark, i.item, i.question) for i in items(tmp_path)] == [
        ("a", "0", "One?"), ("a", "1", "Two?"), ("b", "0", "Three, or\nfour?"),
    ]  # fmt: skip


def test_what_is_not_read_is_told(tmp_path: Path) -> None:
    write_lines(tmp_path / "train.jsonl", {"question": "Q?"})
    write_lines(tmp_path / "training_day.jsonl", {"question": "Kept?"})
    write_lines(tmp_path / "odd.jsonl", {"theme": "x"}, ["a"], {"question": " "}, {"messages": []})
    with (tmp_path / "odd.jsonl").open("a") as file:
        file.write("{broken\n")
    (tmp_path / "README.md").write_text("about")
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(b'{"question": "Q?"}\n')[:-9])
    (tmp_path / "no.parquet").write_bytes(b"PAR1 is not enough")
    found = read_benchmarks(Storage(str(tmp_path)))
    assert [i.question for i in found.items] == ["Kept?"]
    rows = {(u.file, u.rows, u.reason.split(":")[0]) for u in found.unread}
    assert rows >= {
        ("README.md", 0, "no reader"),
        ("train.jsonl", 0, "a training split"),
        ("odd.jsonl", 1, "not JSON"),
        ("odd.jsonl", 1, "not a JSON object"),
        ("odd.jsonl", 1, "an empty question"),
        ("odd.jsonl", 1, "no known question field among ['theme']"),
        ("odd.jsonl", 1, "fields ['messages'] do not hold what they hold elsewhere"),
    }
    assert {u.file for u in found.unread if "unreadable" in u.reason} == {"cut.jsonl.gz", "no.parquet"}


def test_declared_files_have_names_and_fields_of_their_own(tmp_path: Path) -> None:
    write_lines(
        tmp_path / "exam/a.jsonl", {"story": "Two eggs", "ask": "How many?", "worked": ["One.", "Two."], "x": 2}
    )
    write_lines(tmp_path / "exam/b.jsonl", {"question": "Known?"}, {"story": "No question"})
    write_lines(tmp_path / "drafts/c.jsonl", {"question": "Q?"})
    (tmp_path / "benchmarks.toml").write_text(
        """
        [[file]]
        path = "exam/a*"
        question = ["story", "ask"]
        solution = ["worked"]
        answer = "x"
        [[file]]
        path = "exam/*"
        name = "exam"
        [[file]]
        path = "drafts/*"
        skip = "not published"
        """
    )
    found = read_benchmarks(Storage(str(tmp_path)))
    assert found.items == (
        BenchmarkItem("exam/a", "0", "Two eggs. How many?", "One.\nTwo.", "2"),
        BenchmarkItem("exam", "0", "Known?"),
    )
    assert Unread("drafts/c.jsonl", 0, "not published") in found.unread
    assert {u.file for u in found.unread} == {"drafts/c.jsonl", "exam/b.jsonl"}
    first = read_benchmarks(Storage(str(tmp_path)), "", (Declared("exam/*", skip="told first"),))
    assert not first.items


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[file]]\npath = ", "Invalid value"),
        ("[[file]]\npath = 'a'\nquestions = ['q']", r"file 1: no field \['questions'\]"),
        ("[[file]]\nname = 'a'", "file 1: has no path"),
        ("[[file]]\npath = 'a'\nsolution = ['s']", "a solution is declared, but no question"),
    ],
)
def test_a_broken_declaration_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "benchmarks.toml").write_text(text)
    with pytest.raises(DeclarationError, match=message):
        read_benchmarks(Storage(str(tmp_path)))


def test_names_are_relative_to_the_folder(tmp_path: Path) -> None:
    write_lines(tmp_path / "sample/v1/benchmarks/deep/word.jsonl", {"question": "Q?"})
    found = read_benchmarks(Storage(str(tmp_path)), "sample/v1/benchmarks")
    assert [i.benchmark for i in found.items] == ["deep/word"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("#### 5", ("", "5")),
        ("So it is 5.\n#### 5\n", ("So it is 5.", "5")),
        ("18", ("", "18")),
        ("x = 2 or x = 3", ("", "x = 2 or x = 3")),
        (LONG_ANSWER, (LONG_ANSWER, "")),
    ],
)
def test_worked_answers(answer: str, expected: tuple[str, str]) -> None:
    assert split_worked_answer(answer) == expected


def test_all_real_benchmark_files_are_read(shared: Path) -> None:
    found = read_benchmarks(Storage(str(shared / "data/benchmarks")))
    unread = {u.file for u in found.unread}
    assert unread == {
        "gsm8k/LICENSE", "gsm8k/train.jsonl", "math/train.parquet", "minif2f-openai/README.md",
        "minif2f-openai/minif2f-isabelle-lean.tar.gz",
    }  # fmt: skip
    rows: dict[str, int] = {}
    for item in found.items:
        rows[item.benchmark] = rows.get(item.benchmark, 0) + 1
        assert "by step and output the final answer" not in item.question
        assert "<<" not in item.solution or "gsm8k" not in item.benchmark
    assert rows["math/test"] == 5000 and rows["gsm8k/test"] == 1319 and rows["simplerl-eval/svamp/test"] == 1000
    assert sum(n for name, n in rows.items() if "mmlu_test" in name) == 56_168
    assert all(isinstance(u, Unread) and u.reason for u in found.unread)

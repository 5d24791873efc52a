"""Records of fine-tuning: CoT, PoT and tool-integrated answers in the form that the tool runs and shows."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.lake.stage import StageError
from training.sft_examples import encode
from training.sft_records import NotARecord, Record, RecordFiles, Segment, record
from training.tokenizer import Tokenizer
from training.tool_rollout import ToolUse, output_block, program_in

TURNS = [
    {"text": "We add the numbers."},
    {"code": "print(2 + 3)"},
    {"output": "5"},
    {"text": "The answer is $\\boxed{5}$."},
]
TOOL = (
    Segment(" We add the numbers.\n```python\nprint(2 + 3)\n```", True),
    Segment("\n```output\n5\n```\n", False),
    Segment("The answer is $\\boxed{5}$.", True),
)


def of(question: str = "What is 2 + 3?", **row: Any) -> Record:
    return record({"question": question, **row}, "f.jsonl#0")


def test_turns_become_the_text_that_a_rollout_makes() -> None:
    found = of(turns=TURNS)
    assert found.segments == TOOL and found.kind == "tool"
    assert program_in(found.segments[0].text) == "print(2 + 3)\n", "the tool finds the program"
    assert found.segments[1].text == output_block("5", ToolUse(), on_new_line=False), "and shows its output so"


def test_an_answer_with_output_blocks_is_the_same_record() -> None:
    answer = "We add the numbers.\n```python\nprint(2 + 3)\n```\n```output\n5\n```\nThe answer is $\\boxed{5}$."
    assert of(answer=answer).segments == TOOL
    assert of(answer=answer).kind == "tool"


def test_output_without_a_program_before_it_is_the_answers_own_text() -> None:
    found = of(answer="It prints\n```output\n5\n```\nso 5.")
    assert found.kind == "cot" and len(found.segments) == 1 and found.segments[0].own


def test_a_program_alone_is_program_of_thought_and_its_fence_starts_a_line() -> None:
    found = of(turns=[{"code": "print(5)\n"}])
    assert (found.kind, found.segments) == ("pot", (Segment("\n```python\nprint(5)\n```", True),))
    assert program_in(found.segments[0].text) == "print(5)\n"


def test_long_output_is_cut_as_the_tool_cuts_it() -> None:
    found = of(turns=[{"code": "print('x' * 200)"}, {"output": "x" * 200}, {"text": "Many."}])
    assert found.segments[1].text == "\n```output\n" + "x" * 50 + "..." + "x" * 50 + "\n```\n"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (None, "not_an_object"),
        ([1], "not_an_object"),
        ({"answer": "5"}, "no_question"),
        ({"question": " ", "answer": "5"}, "no_question"),
        ({"question": "q"}, "no_answer"),
        ({"question": "q", "answer": " ", "turns": []}, "no_answer"),
        ({"question": "q", "turns": [{"speech": "x"}]}, "bad_turn"),
        ({"question": "q", "turns": [{"text": "x", "code": "y"}]}, "bad_turn"),
        ({"question": "q", "turns": ["x"]}, "bad_turn"),
        ({"question": "q", "turns": [{"text": 5}]}, "bad_turn"),
        ({"question": "q", "turns": [{"text": "x"}, {"output": "5"}, {"text": "y"}]}, "output_without_code"),
        ({"question": "q", "turns": [{"code": "print(5)"}, {"output": "5"}]}, "ends_with_output"),
        ({"question": "q", "turns": [{"code": "s = '''\n```\n'''"}]}, "fence_in_code"),
    ],
)
def test_a_row_that_is_no_example_says_why(row: Any, reason: str) -> None:
    with pytest.raises(NotARecord, match=reason):
        record(row, "f#0")


def test_the_sentence_after_the_question_goes_by_kind_and_language() -> None:
    answers: dict[str, dict[str, Any]] = {
        "cot": {"answer": "5"},
        "pot": {"turns": TURNS[1:2]},
        "tool": {"turns": TURNS},
    }
    english = {kind: of(**row).prompt(True) for kind, row in answers.items()}
    assert english["cot"].startswith("User: What is 2 + 3?\nPlease reason step by step")
    assert english["tool"].startswith("User: What is 2 + 3?\nPlease integrate natural language reasoning with programs")
    assert english["pot"] == of(answer="5").prompt(False) == "User: What is 2 + 3?\n\nAssistant:"
    assert "请通过逐步推理" in of("2 加 3 是多少?", answer="5").prompt(True)


def test_tool_output_carries_no_loss_and_no_token_spans_its_border(tokenizer: Tokenizer) -> None:
    def refuse(reason: str, rows: int) -> None:
        raise AssertionError(reason)

    (example,) = encode([of(turns=TURNS)], tokenizer, 256, False, refuse)
    own = [t for t, w in zip(example.tokens[1:].tolist(), example.weights, strict=True) if w]
    assert own[-1] == tokenizer.eos
    assert tokenizer.decode(own) == TOOL[0].text + TOOL[2].text
    masked = [t for t, w in zip(example.tokens[1:].tolist(), example.weights, strict=True) if not w]
    assert masked[-len(tokenizer.encode(TOOL[1].text)) :] == tokenizer.encode(TOOL[1].text)
    assert example.name == "f.jsonl#0"


def test_parquet_rows_and_json_lines_are_read_in_order(tmp_path: Path) -> None:
    turn = pa.struct([("text", pa.string()), ("code", pa.string()), ("output", pa.string())])
    rows = {"id": [7, 8], "question": ["a", "b"], "answer": ["1", None], "turns": [None, TURNS]}
    schema = pa.schema({"id": pa.int64(), "question": pa.string(), "answer": pa.string(), "turns": pa.list_(turn)})
    pq.write_table(pa.table(rows, schema=schema), tmp_path / "a.parquet")
    (tmp_path / "b.jsonl").write_text('{"question": "c", "answer": "2"}\nbroken\n')
    files = RecordFiles.named([str(tmp_path / "a.parquet"), str(tmp_path / "b.jsonl")])
    read = list(files.rows())
    assert [name for name, _ in read] == ["a.parquet#0", "a.parquet#1", "b.jsonl#0", "b.jsonl#1"]
    assert [record(row, name).kind for name, row in read[:3]] == ["cot", "tool", "cot"]
    assert record(read[1][1], "x").segments == TOOL and read[3][1] is None
    assert list(files.digests()) == ["a.parquet", "b.jsonl"]


@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl.gz"])
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"no such thing at all")
    with pytest.raises(StageError, match=f"{name} cannot be read"):
        list(RecordFiles.named([str(tmp_path / name)]).rows())


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("question,answer\n")
    with pytest.raises(StageError, match=r"a file is \.jsonl, \.jsonl\.gz, \.parquet"):
        RecordFiles.named([str(tmp_path / "a.csv")])

"""Records of supervised fine-tuning (paper 3.1): a question, and an answer as chain of thought (CoT), program (PoT), or
text with programs and what the tool printed (tool-integrated reasoning).

A JSON line or a Parquet row is one of

    {"question": "...", "answer": "..."}
    {"question": "...", "turns": [{"text": "..."}, {"code": "..."}, {"output": "..."}, {"text": "..."}]}

In an `answer`, a ```python block may be followed by an ```output block, which then is the tool's. In Parquet `turns`
is a list of structs of the three strings, two of them null. Other columns are left alone. Output is written, and cut,
as the tool shows it in `training.tool_rollout`, so that a model meets in training what it meets in use; it has no loss.
"""

import gzip
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow.parquet as pq

from jobs.lake.stage import StageError, sampled_digest
from training.prompts import Suffix, prompt
from training.tool_rollout import ToolUse, output_block, program_in

Kind = Literal["cot", "pot", "tool"]

ENDINGS = (".jsonl", ".jsonl.gz", ".parquet")
OUTPUT_BLOCK = re.compile(r"^```output[ \t]*\n(.*?)^```[ \t]*$\n?", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```", re.MULTILINE)
CHINESE = re.compile(r"[一-鿿]")
TURN_KINDS = ("text", "code", "output")
SHOWN = ToolUse()


class NotARecord(ValueError):
    """A row that is no example; the message is the reason that counts are kept by."""


@dataclass(frozen=True)
class Segment:
    """A run of an answer's text: the model's own, which the loss is on, or the tool's."""

    text: str
    own: bool


@dataclass(frozen=True)
class Record:
    """One example. The first segment begins with the white space that parts it from `Assistant:`."""

    name: str
    """FILE#ROW, rows from 0."""
    question: str
    segments: tuple[Segment, ...]
    kind: Kind

    def prompt(self, with_suffix: bool) -> str:
        """What stands before the answer. With a suffix: the sentence that asks for an answer of this kind, in the
        question's language; the paper has none for PoT."""
        chinese = CHINESE.search(self.question) is not None
        asked: dict[Kind, Suffix] = {
            "cot": "chinese" if chinese else "english",
            "pot": "none",
            "tool": "chinese_tool" if chinese else "english_tool",
        }
        return prompt(self.question, asked[self.kind] if with_suffix else "none")


def record(row: Any, name: str) -> Record:
    """A row of the schema above. Raises NotARecord with the reason."""
    if not isinstance(row, Mapping):
        raise NotARecord("not_an_object")
    question, answer, turns = row.get("question"), row.get("answer"), row.get("turns")
    if not isinstance(question, str) or not question.strip():
        raise NotARecord("no_question")
    if isinstance(answer, str) and answer.strip():
        found = turns_of_answer(answer)
    elif isinstance(turns, list) and turns:
        found = [_turn(turn) for turn in turns]
    else:
        raise NotARecord("no_answer")
    segments = answer_segments(found)
    kind: Kind = "cot"
    if program_in("".join(s.text for s in segments if s.own)) is not None:
        kind = "tool" if len(segments) > 1 else "pot"
    return Record(name, question.strip(), tuple(segments), kind)


def turns_of_answer(answer: str) -> list[tuple[str, str]]:
    """(kind, content) of an answer's text: an output block that follows a program is the tool's, all else is text."""
    turns, start = [], 0
    for block in OUTPUT_BLOCK.finditer(answer):
        before = answer[start : block.start()]
        if program_in(before) is not None and before.rstrip().endswith("```"):
            turns += [("text", before), ("output", block[1])]
            start = block.end()
    return [*turns, ("text", answer[start:])] if answer[start:].strip() else turns


def answer_segments(turns: Sequence[tuple[str, str]]) -> list[Segment]:
    """Turns as text to learn from. Raises NotARecord where they are no conversation with the tool."""
    segments: list[Segment] = []
    own = ""
    for kind, content in turns:
        if kind == "output":
            if not own.endswith("```"):
                raise NotARecord("output_without_code")
            segments += [Segment(own, True), Segment(output_block(content.strip(), SHOWN, on_new_line=False), False)]
            own = ""
            continue
        text = program_block(content) if kind == "code" else content.strip()
        own += ("\n" if own else "") + text
    if not own:
        raise NotARecord("ends_with_output")
    first, *rest = [*segments, Segment(own, True)]
    # A fence opens a program at the start of a line only.
    return [Segment(("\n" if first.text.startswith("```") else " ") + first.text, True), *rest]


def program_block(code: str) -> str:
    """A program as the model writes it, in the form that `training.tool_rollout` runs. Raises NotARecord where it
    cannot be told where the program ends."""
    if FENCE.search(code):
        raise NotARecord("fence_in_code")
    return "```python\n" + code.strip("\n") + "\n```"


def _turn(turn: Any) -> tuple[str, str]:
    given = {k: v for k, v in turn.items() if v is not None} if isinstance(turn, Mapping) else {}
    if len(given) == 1:
        ((kind, content),) = given.items()
        if kind in TURN_KINDS and isinstance(content, str) and (content.strip() or kind == "output"):
            return kind, content
    raise NotARecord("bad_turn")


@dataclass(frozen=True)
class RecordFiles:
    """Files of records, read in the order given."""

    paths: tuple[Path, ...]

    @classmethod
    def named(cls, places: Sequence[str]) -> "RecordFiles":
        """Raises StageError for a file that is absent, of another kind, or called as another one is."""
        paths = tuple(Path(place) for place in places)
        for path in paths:
            if not path.is_file():
                raise StageError(f"--examples {path}: there is no such file; give {', '.join(ENDINGS)} files")
            if not path.name.endswith(ENDINGS):
                raise StageError(f"--examples {path}: a file is {', '.join(ENDINGS)}")
        names = [path.name for path in paths]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise StageError(
                f"--examples: two files are called {twice[0]}; rename one, examples are traced by file name"
            )
        return cls(paths)

    def digests(self) -> dict[str, str]:
        """File name -> digest."""
        return {path.name: sampled_digest([path]) for path in self.paths}

    def rows(self) -> Iterator[tuple[str, Any]]:
        """(FILE#ROW, row) of all files; a line that is no JSON is None. Raises StageError for an unreadable file."""
        for path in self.paths:
            read = _parquet_rows(path) if path.name.endswith(".parquet") else _lines(path)
            try:
                for number, row in enumerate(read):
                    yield f"{path.name}#{number}", row
            except (OSError, EOFError, ValueError) as error:
                raise StageError(f"--examples {path} cannot be read: {error}") from error


def _lines(path: Path) -> Iterator[Any]:
    with gzip.open(path, "rb") if path.name.endswith(".gz") else path.open("rb") as lines:
        for line in lines:
            try:
                yield json.loads(line)
            except ValueError:
                yield None


def _parquet_rows(path: Path) -> Iterator[Any]:
    with pq.ParquetFile(path) as file:
        wanted = [name for name in ("question", "answer", "turns") if name in file.schema_arrow.names]
        for batch in file.iter_batches(columns=wanted):
            yield from batch.to_pylist()

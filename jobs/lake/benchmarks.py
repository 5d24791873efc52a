"""Reads benchmark files: what decontamination must not find in the corpus, and what evaluation asks.

Questions and worked solutions are texts of their own. Options, final answers and programs are no texts: they are short
or common, and would condemn half the web. Training splits are left out, as they may be trained on (paper 2.1, 4.2).

A file `benchmarks.toml` in the folder names files, leaves some out, and says what the fields of new ones are called:

    [[file]]
    path = "our-exam/*.jsonl"                # as a shell pattern, relative to the folder; the first that fits counts
    name = "our-exam"                        # instead of the path without its ending
    question = ["story", "question"]         # several fields are one text; without it the known layouts are tried
    solution = ["worked"]
    answer = "answer"

    [[file]]
    path = "drafts/*"
    skip = "not published"
"""

import csv
import gzip
import io
import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.lake.storage import Storage

Row = dict[str, Any]

TRAINING_SPLIT = re.compile(r"train\b", re.I)
VERL_SUFFIX = " Let's think step by step and output the final answer within \\boxed{}."
CALCULATOR = re.compile(r"<<[^<>]*>>")
FINAL_LINE = re.compile(r"\n?####\s*(.*)\s*\Z")
DECLARATIONS = "benchmarks.toml"
WORKED_WORDS = 10
"""An `answer` of fewer words is a final answer: the n-gram rule could not find it and whole it is too common."""


@dataclass(frozen=True)
class BenchmarkItem:
    """A question of a benchmark."""

    benchmark: str
    """The file, relative to the benchmark folder, without its ending: `gsm8k/test`."""
    item: str
    """The row's number in the file, from 0."""
    question: str
    solution: str = ""
    """The worked solution, '' where the file has none."""
    answer: str = ""
    """The final answer as the file gives it, '' where it gives none."""

    @property
    def texts(self) -> tuple[str, ...]:
        """What must not occur in training text."""
        return tuple(text for text in (self.question, self.solution) if text.strip())


@dataclass(frozen=True)
class Unread:
    """Something in a benchmark folder that was not read: a whole file (rows 0), or rows of one."""

    file: str
    rows: int
    reason: str


@dataclass(frozen=True)
class Benchmarks:
    """All items of a folder, in order of file and row, and what could not be read."""

    items: tuple[BenchmarkItem, ...]
    unread: tuple[Unread, ...]


@dataclass(frozen=True)
class Layout:
    """How a kind of benchmark names its fields: a row that has all of `fields` is read by it."""

    fields: frozenset[str]
    read: Callable[[Row], tuple[str, str, str]]
    """A row -> question, solution, final answer."""


class DeclarationError(ValueError):
    """A benchmarks.toml that cannot be used; the message says where and why."""


@dataclass(frozen=True)
class Declared:
    """What benchmarks.toml says of files."""

    path: str
    name: str = ""
    skip: str = ""
    question: tuple[str, ...] = ()
    solution: tuple[str, ...] = ()
    answer: str = ""

    def read(self, row: Row) -> tuple[str, str, str]:
        """Question, solution, final answer. Raises KeyError where a question's field is missing."""
        question = _joined([str(row[name]) for name in self.question])
        solution = "\n".join(text for name in self.solution if (text := _text(row, name)))
        return question, solution, _text(row, self.answer) if self.answer else ""


def read_declarations(data: bytes) -> tuple[Declared, ...]:
    """The files that a benchmarks.toml declares. Raises DeclarationError."""
    try:
        rows = tomllib.loads(data.decode()).get("file", [])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DeclarationError(f"{DECLARATIONS}: {error}") from error
    declared = []
    for number, row in enumerate(rows, 1):
        wrong = sorted(row.keys() - {f.name for f in fields(Declared)})
        if wrong or "path" not in row:
            raise DeclarationError(f"{DECLARATIONS}, file {number}: {f'no field {wrong}' if wrong else 'has no path'}")
        if "solution" in row and "question" not in row:
            raise DeclarationError(f"{DECLARATIONS}, file {number}: a solution is declared, but no question")
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
        declared.append(Declared(**values))
    return tuple(declared)


def read_benchmarks(storage: Storage, folder: str = "", declared: tuple[Declared, ...] = ()) -> Benchmarks:
    """Every benchmark file below a folder of a storage. Nothing is skipped without a word: see `unread`.

    `declared` goes before what the folder's own benchmarks.toml says. Raises DeclarationError for one that is broken.
    """
    items: list[BenchmarkItem] = []
    unread: list[Unread] = []
    names = {f.removeprefix(f"{folder}/") if folder else f: f for f in storage.files(folder)}
    if DECLARATIONS in names:
        declared += read_declarations(storage.read(names.pop(DECLARATIONS)))
    for name, file in names.items():
        said = next((d for d in declared if fnmatchcase(name, d.path)), Declared(name))
        reader = next((READERS[ending] for ending in READERS if file.endswith(ending)), None)
        if reader is None:
            unread.append(Unread(name, 0, f"no reader: the endings read are {', '.join(READERS)}"))
        elif said.skip or TRAINING_SPLIT.match(name.rpartition("/")[2]):
            unread.append(Unread(name, 0, said.skip or "a training split"))
        else:
            benchmark = said.name or name.removesuffix(next(e for e in READERS if name.endswith(e)))
            layouts = (Layout(frozenset(said.question), said.read),) if said.question else LAYOUTS
            reasons: Counter[str] = Counter()
            items += _items(benchmark, reader(storage, file), layouts, reasons)
            unread += [Unread(name, rows, reason) for reason, rows in sorted(reasons.items())]
    return Benchmarks(tuple(items), tuple(unread))


def _items(
    benchmark: str, rows: Iterator[Row | str], layouts: tuple[Layout, ...], reasons: Counter[str]
) -> Iterator[BenchmarkItem]:
    """Items of one file; rows that give none are counted by reason."""
    number = -1
    try:
        for number, row in enumerate(rows):
            if isinstance(row, str):
                reasons[row] += 1
                continue
            layout = next((known for known in layouts if known.fields <= row.keys()), None)
            if layout is None:
                reasons[f"no known question field among {sorted(row)[:12]}"] += 1
                continue
            try:
                question, solution, answer = layout.read(row)
            except (KeyError, TypeError, IndexError, AttributeError):
                reasons[f"fields {sorted(layout.fields)} do not hold what they hold elsewhere"] += 1
                continue
            if question.strip():
                yield BenchmarkItem(benchmark, str(number), question, solution, answer)
            else:
                reasons["an empty question"] += 1
    except (OSError, EOFError, pa.ArrowInvalid, UnicodeDecodeError, csv.Error) as error:
        reasons[f"unreadable after row {number}: {error}"] += 1


def _jsonl(storage: Storage, file: str) -> Iterator[Row | str]:
    """Rows of JSON lines; a string instead of a row says why a line is none."""
    data = storage.read(file)
    text = (gzip.decompress(data) if file.endswith(".gz") else data).decode()
    for line in text.split("\n"):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            yield "not JSON"
            continue
        yield row if isinstance(row, dict) else "not a JSON object"


def _parquet(storage: Storage, file: str) -> Iterator[Row | str]:
    with storage.open_input(file) as stream:
        for batch in pq.ParquetFile(stream).iter_batches():
            yield from batch.to_pylist()


def _csv(storage: Storage, file: str) -> Iterator[Row | str]:
    for row in csv.DictReader(io.StringIO(storage.read(file).decode("utf-8-sig"), newline="")):
        yield {key: value for key, value in row.items() if key is not None}


READERS: dict[str, Callable[[Storage, str], Iterator[Row | str]]] = {
    ".jsonl": _jsonl,
    ".jsonl.gz": _jsonl,
    ".parquet": _parquet,
    ".csv": _csv,
}


def _text(row: Row, *names: str) -> str:
    """The first of these fields that holds something, as text; several texts (OlympiadBench's solutions) by lines."""
    value = next((row[n] for n in names if row.get(n) not in (None, "", [])), "")
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)


def _verl(row: Row) -> tuple[str, str, str]:
    truth = row["reward_model"]["ground_truth"]
    return truth["question"].removesuffix(VERL_SUFFIX), truth.get("solution") or "", str(truth.get("target") or "")


def _messages(row: Row) -> tuple[str, str, str]:
    return row["messages"][0]["content"], "", _text(row, "answer")


def _body_and_question(row: Row) -> tuple[str, str, str]:
    """SVAMP and ASDiv ask in two parts."""
    parts = [_text(row, "body", "Body"), _text(row, "question", "Question")]
    return _joined(parts), "", _text(row, "answer", "Answer")


def _joined(parts: list[str]) -> str:
    """A question in parts, of which the first may lack their full stop."""
    joined = ""
    for part in parts:
        before = joined.strip()
        joined = f"{before}{' ' if before.endswith(('.', '?', '!')) or not before else '. '}{part}" if joined else part
    return joined


def _option_row(row: Row) -> tuple[str, str, str]:
    """decon's bundles have a row for every answer option."""
    return str(row["question"]), "", _text(row, "answer") if row["is_correct"] else ""


def _informal(row: Row) -> tuple[str, str, str]:
    return row["informal_statement"], _text(row, "informal_proof"), ""


def _plain(*question: str) -> Callable[[Row], tuple[str, str, str]]:
    """Question in the first of these fields, a solution where there is one, and an answer that may be worked."""

    def read(row: Row) -> tuple[str, str, str]:
        answer = _text(row, "answer", "golden", "target", "Answer", "label", "correct")
        solution = _text(row, "solution", "rationale")
        worked, final = split_worked_answer(answer)
        return _text(row, *question), solution or worked, final

    return read


def split_worked_answer(answer: str) -> tuple[str, str]:
    """(worked solution or '', final answer): GSM8K's calculator notes and its `####` line are not part of the text."""
    final = FINAL_LINE.search(answer)
    if final:
        return CALCULATOR.sub("", answer[: final.start()]).strip(), final[1]
    return (answer, "") if len(answer.split()) >= WORKED_WORDS else ("", answer)


LAYOUTS = (
    Layout(frozenset({"reward_model", "prompt"}), _verl),
    Layout(frozenset({"messages"}), _messages),
    Layout(frozenset({"informal_statement"}), _informal),
    Layout(frozenset({"body", "question"}), _body_and_question),
    Layout(frozenset({"Body", "Question"}), _body_and_question),
    Layout(frozenset({"question", "eval_key", "is_correct"}), _option_row),
    Layout(frozenset({"question"}), _plain("question", "problem")),
    Layout(frozenset({"problem"}), _plain("problem")),
    Layout(frozenset({"input", "target"}), _plain("input")),
    Layout(frozenset({"prompt", "task_id"}), _plain("prompt")),
    Layout(frozenset({"text", "code"}), _plain("text")),
)
"""Tried in this order; the first whose fields a row has reads it."""

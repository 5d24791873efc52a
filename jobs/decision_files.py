"""Files in which people decide on prefixes: .csv for a spreadsheet, .jsonl or .parquet for programs, the same rows.

`jobs.candidates` writes one, people fill in `decision` and `note`, `jobs.approvals` reads it. A row needs a prefix and
a decision; all else may be missing, and columns of other names are passed over. A dataset's `approvals` Parquet file is
such a file too, so that decisions go from one lake to another.

Prefixes, sample URLs and notes come from the web or from strangers, and a spreadsheet runs a cell that begins with `=`.
In CSV an apostrophe goes before such a sign, and reading takes it away again.
"""

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.lake.stage import StageError

SUFFIXES = (".csv", ".jsonl", ".parquet")
NEEDED = {"prefix", "decision"}
# Where a spreadsheet may see a formula begin: at the begin of a cell, and after what other countries' settings take for
# the end of one. Some fold the full-width signs to plain ones.
_BEGIN, _SIGN = r"(^|[;\t\r\n])", r"('*[=+\-@\uff1d\uff0b\uff0d\uff20])"
_FORMULA, _TAMED = re.compile(_BEGIN + _SIGN), re.compile(f"{_BEGIN}'{_SIGN}")


@dataclass(frozen=True)
class ReviewRow:
    """A row of a decisions file. Figures are None where a prefix is no candidate now, or where they are unreadable: a
    spreadsheet may have rewritten them, and the lake has them."""

    prefix: str
    decision: str = ""
    """approve, reject or undo; '' where nobody decided."""
    note: str = ""
    reviewer: str = ""
    decided_at: str = ""
    """ISO 8601."""
    earlier: str = ""
    """What stands from earlier rounds, on the prefix or one that holds it."""
    expected_tokens: int | None = None
    missed_tokens: int | None = None
    pages: int | None = None
    recalled: int | None = None
    share: float | None = None
    share_low: float | None = None
    share_high: float | None = None
    domain: str = ""
    samples: str = ""
    """URLs, separated by spaces."""


NAMES = tuple(f.name for f in fields(ReviewRow))
COUNTS = ("expected_tokens", "missed_tokens", "pages", "recalled")
SHARES = ("share", "share_low", "share_high")
_SCHEMA = pa.schema([
    (name, pa.int64() if name in COUNTS else pa.float64() if name in SHARES else pa.string()) for name in NAMES
])  # fmt: skip


def decision_paths(place: str) -> list[Path]:
    """The decisions files at a path: the file itself, or all of a folder by name. Raises StageError for none."""
    path = Path(place).expanduser()
    if not path.exists():
        raise StageError(f"--decisions {place!r}: there is no such file or folder; give a {', '.join(SUFFIXES)} file")
    paths = sorted(p for p in path.iterdir() if p.suffix in SUFFIXES) if path.is_dir() else [path]
    if not paths:
        raise StageError(f"--decisions {place!r}: decisions are {', '.join(SUFFIXES)} files, and none is there")
    return paths


def read_rows(path: Path) -> list[ReviewRow]:
    """The rows of a decisions file in their order, blank ones too, so that a row's number is its number in the file.

    Raises StageError for a file that cannot be read as one.
    """
    try:
        return [_row(row) for row in _READERS[_suffix(path)](path)]
    except (OSError, ValueError, RecursionError, csv.Error, pa.ArrowException) as error:
        raise StageError(f"{path}: {error}") from error


def rows_as_bytes(rows: Sequence[ReviewRow], suffix: str) -> bytes:
    """The rows as a file of that kind; the same rows give the same bytes."""
    return _WRITERS[suffix](rows)


def _suffix(path: Path) -> str:
    if path.suffix not in SUFFIXES:
        raise ValueError(f"decisions are {', '.join(SUFFIXES)} files")
    return path.suffix


def _read_csv(path: Path) -> list[dict[str, Any]]:
    text = path.read_bytes().decode("utf-8-sig")  # not read_text: it would change ends of lines within cells
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)  # spreadsheets write the one of their country
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names = [name.strip().lower() for name in next(lines, [])]
    if text.strip() and (not set(names) >= NEEDED or len(set(names) - {""}) < len([n for n in names if n])):
        raise ValueError(f"columns are {names}, need prefix and decision, and each name once")
    rows = []
    for cells in lines:
        if len(cells) > len(names):
            raise ValueError(f"line {lines.line_num} has {len(cells)} cells for {len(names)} columns: quote commas")
        rows.append({name: _plain_cell(cell) for name, cell in zip(names, cells, strict=False)})
    return rows


def _read_jsonl(path: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in path.read_bytes().decode("utf-8-sig").split("\n") if line.strip()]
    return _with_columns(rows)


def _read_parquet(path: Path) -> list[dict[str, Any]]:
    return _with_columns(pq.ParquetFile(path).read().to_pylist())


def _with_columns(rows: list[Any]) -> list[dict[str, Any]]:
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict) or not row.keys() >= NEEDED:
            raise ValueError(f"row {number} is no object with prefix and decision")
    return rows


def _row(cells: dict[str, Any]) -> ReviewRow:
    values: dict[str, Any] = {name: _text(cells.get(name)) for name in NAMES}
    values |= {name: _figure(values[name], int) for name in COUNTS}
    return ReviewRow(**values | {name: _figure(values[name], float) for name in SHARES})


def _text(cell: Any) -> str:
    if isinstance(cell, datetime):  # of an `approvals` file
        return cell.isoformat()
    return "" if cell is None else str(cell).strip()


def _figure(text: str, kind: type[int] | type[float]) -> float | None:
    try:
        number = kind(text.replace(",", "."))  # 0,37 where a spreadsheet writes it so
        return number if math.isfinite(number) else None
    except (ValueError, OverflowError):
        return None


def _write_csv(rows: Iterable[ReviewRow]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(NAMES)
    for row in rows:
        writer.writerow([_safe_cell(v) if isinstance(v, str) else v for v in asdict(row).values()])
    return out.getvalue().encode("utf-8-sig")  # the mark tells a spreadsheet that it is UTF-8


def _write_jsonl(rows: Iterable[ReviewRow]) -> bytes:
    return "".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows).encode()


def _write_parquet(rows: Iterable[ReviewRow]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist([asdict(row) for row in rows], _SCHEMA), sink, compression="zstd")
    return bytes(sink.getvalue())


def _safe_cell(text: str) -> str:
    return _FORMULA.sub(r"\1'\2", text)


def _plain_cell(text: str) -> str:
    return _TAMED.sub(r"\1\2", text)


_READERS = {".csv": _read_csv, ".jsonl": _read_jsonl, ".parquet": _read_parquet}
_WRITERS = {".csv": _write_csv, ".jsonl": _write_jsonl, ".parquet": _write_parquet}

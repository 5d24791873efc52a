"""Seed corpora in OpenWebMath's row schema (url, text, date, metadata): .jsonl, .jsonl.gz, .parquet, or a folder.

Only url and text are used. A row that cannot be used is returned as the reason why, so that it can be counted.
"""

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.lake.stage import StageError
from jobs.text.hashing import draw
from jobs.web.urls import canonical_url, registrable_domain

SUFFIXES = (".jsonl", ".jsonl.gz", ".parquet")
SPARE = 1.1  # rows held beyond the number wanted before the surplus is dropped


@dataclass(frozen=True)
class SeedRow:
    """A positive example: its address as written and in one spelling, and its text."""

    url: str
    canonical: str
    domain: str
    text: str


def seed_paths(place: str) -> list[Path]:
    """The seed files at a path: the file itself, or all of a folder. Raises StageError where there are none."""
    path = Path(place).expanduser()
    if not place or not path.exists():
        raise StageError(f"--seeds {place!r}: there is no such file or folder; give a {', '.join(SUFFIXES)} file")
    paths = sorted(p for p in (path.iterdir() if path.is_dir() else [path]) if p.name.endswith(SUFFIXES))
    if not paths:
        raise StageError(f"--seeds {place!r}: seeds are {', '.join(SUFFIXES)} files, and none is there")
    return paths


def read_seeds(paths: Iterable[Path], at_most: int, seed: str) -> tuple[list[SeedRow], Counter[str]]:
    """At most so many usable rows, one for each page, and how many rows were left out by reason.

    Where there are more, a random sample stays that is balanced over domains, and that the same seed draws again. Rows
    come back in the order of their draws. Raises StageError where a file cannot be read or no row is usable.
    """
    kept: dict[int, SeedRow] = {}
    left_out: Counter[str] = Counter()
    for path in paths:
        for row in read_rows(path):
            if isinstance(row, str):
                left_out[row] += 1
            elif (number := draw(seed, row.canonical)) in kept:
                left_out["same_url"] += 1
            else:
                kept[number] = row
                if len(kept) > at_most * SPARE + 1:
                    left_out["beyond_positives"] += _shrink(kept, at_most)
    left_out["beyond_positives"] += _shrink(kept, at_most)
    if not kept:
        reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(left_out.items()) if count) or "no rows"
        raise StageError(
            f"no usable seed in {', '.join(map(str, paths))} ({reasons}); a row needs a http(s) 'url' and a 'text', "
            'as in {"url": "https://...", "text": "..."}'
        )
    return list(kept.values()), left_out


def _shrink(kept: dict[int, SeedRow], at_most: int) -> int:
    """Keep so many rows, in the order of their draws; returns how many went.

    They are taken in turns, each domain's in the order of draws: no domain gives another row while one that has rows
    left has given fewer. A row that goes would also go with all rows at hand: more rows only put off its turn.
    """
    numbers = sorted(kept)
    if len(numbers) <= at_most:
        left = numbers
    else:
        given: Counter[str] = Counter()
        in_turn = []
        for number in numbers:
            given[kept[number].domain] += 1
            in_turn.append((given[kept[number].domain], number))
        left = sorted(number for _, number in sorted(in_turn)[:at_most])
    rows = {number: kept[number] for number in left}
    kept.clear()
    kept.update(rows)
    return len(numbers) - len(rows)


def read_rows(path: Path) -> Iterator[SeedRow | str]:
    """Usable rows of one file, and for each other row the reason why not. Raises StageError for an unreadable file."""
    try:
        if path.name.endswith(".parquet"):
            yield from _parquet_rows(path)
        else:
            with gzip.open(path) if path.name.endswith(".gz") else path.open("rb") as stream:
                yield from (parse_line(line) for line in stream if line.strip())
    except (EOFError, OSError, zlib.error, pa.ArrowInvalid) as error:
        raise StageError(f"seed file {path} cannot be read to its end ({error}); is it complete?") from error


def parse_line(line: bytes) -> SeedRow | str:
    """A line of JSON as a row, or the reason why it is none."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):  # bad UTF-8 is a ValueError too
        return "not_json"
    return usable_row(record.get("url"), record.get("text")) if isinstance(record, dict) else "not_an_object"


def usable_row(url: Any, text: Any) -> SeedRow | str:
    """A row, or the reason why it is none: no_url, no_text, not_unicode."""
    canonical = canonical_url(url) if isinstance(url, str) else ""
    if not canonical:
        return "no_url"
    if not isinstance(text, str) or not text.strip():
        return "no_text"
    try:
        (url + text).encode()
    except UnicodeEncodeError:  # JSON may escape half a surrogate pair
        return "not_unicode"
    return SeedRow(url, canonical, registrable_domain(url), text)


def _parquet_rows(path: Path) -> Iterator[SeedRow | str]:
    file = pq.ParquetFile(path)
    missing = {"url", "text"} - set(file.schema_arrow.names)
    if missing:
        raise StageError(
            f"seed file {path} has no column {', '.join(sorted(missing))}; it has {file.schema_arrow.names}"
        )
    for batch in file.iter_batches(columns=["url", "text"]):
        yield from (
            usable_row(*pair) for pair in zip(*(batch.column(c).to_pylist() for c in ("url", "text")), strict=True)
        )

"""Decisions on URL prefixes: a person's, read from a file, or a rule's, for runs that nobody watches."""

import csv
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.lake.stage import StageError

APPROVE, REJECT = "approve", "reject"
_CONDITION = re.compile(r"(share|pages|recalled)\s*(>=|>|<=|<)\s*(\d+(?:\.\d+)?)")


class BadRule(ValueError):
    """A rule that cannot be read; the message shows one that can."""


@dataclass(frozen=True)
class Candidate:
    """A prefix that a round lists for judgement."""

    prefix: str
    domain: str
    pages: int
    recalled: int
    share: float


@dataclass(frozen=True)
class Decision:
    """What was decided on a prefix, and why."""

    prefix: str
    domain: str
    decision: str
    note: str


@dataclass(frozen=True)
class Condition:
    """One comparison of a rule, such as share>=0.5."""

    figure: str
    comparison: str
    limit: float

    def holds(self, candidate: Candidate) -> bool:
        value = float(getattr(candidate, self.figure))
        return {
            ">=": value >= self.limit, ">": value > self.limit, "<=": value <= self.limit, "<": value < self.limit,
        }[self.comparison]  # fmt: skip


def parse_rule(text: str) -> tuple[Condition, ...]:
    """`share>=0.5 and pages>=10` -> conditions that must all hold. Raises BadRule.

    Nothing but comparisons of share, pages and recalled with a number: a rule is data, never code.
    """
    conditions = []
    for part in re.split(r"\s+and\s+", text.strip()):
        match = _CONDITION.fullmatch(part.strip())
        if match is None:
            raise BadRule(
                f"--rule {text!r}: cannot read {part!r}; write comparisons of share, pages or recalled with a number, "
                "joined by 'and': share>=0.5 and pages>=10"
            )
        conditions.append(Condition(match[1], match[2], float(match[3])))
    return tuple(conditions)


def decide(candidates: Iterable[Candidate], rule: str) -> list[Decision]:
    """A rule's decision on every candidate, with the figures it saw as the note. Raises BadRule."""
    conditions = parse_rule(rule)
    return [
        Decision(c.prefix, c.domain, APPROVE if all(x.holds(c) for x in conditions) else REJECT,
                 f"{c.recalled} of {c.pages} pages recalled, share {c.share:.3f}")
        for c in candidates
    ]  # fmt: skip


def read_decisions(place: str, candidates: Iterable[Candidate], note: str) -> list[Decision]:
    """A person's decisions from a .csv, .jsonl or .parquet file with prefix, decision and, if wanted, note.

    A file without rows decides nothing, which is allowed. `note` stands where a row has none.
    Raises StageError for a row that cannot be used: a typing mistake must not pass for a decision.
    """
    domains = {c.prefix: c.domain for c in candidates}
    found: dict[str, Decision] = {}
    for number, row in enumerate(_rows(Path(place).expanduser()), 1):
        prefix, decision = str(row.get("prefix") or "").strip(), str(row.get("decision") or "").strip().lower()
        where = f"--decisions {place}, row {number}"
        if prefix not in domains:
            raise StageError(
                f"{where}: {prefix!r} is not one of this round's {len(domains)} candidate prefixes "
                f"({', '.join(sorted(domains)[:5]) or 'there are none'}{', ...' if len(domains) > 5 else ''})"
            )
        if decision not in (APPROVE, REJECT):
            raise StageError(f"{where}: decision is {decision!r}; write {APPROVE} or {REJECT}")
        if prefix in found:
            raise StageError(f"{where}: {prefix!r} is decided twice; keep one row")
        found[prefix] = Decision(prefix, domains[prefix], decision, str(row.get("note") or "").strip() or note)
    return list(found.values())


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        if path.suffix == ".parquet":
            return list(pq.read_table(path).to_pylist())
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix == ".csv":
            reader = csv.DictReader(text.splitlines(), strict=True)
            rows: list[Any] = list(reader)
            if text.strip() and not {"prefix", "decision"} <= set(reader.fieldnames or ()):
                raise ValueError(f"columns are {reader.fieldnames}, need prefix and decision")
        elif path.suffix == ".jsonl":
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
        else:
            raise ValueError("decisions are .csv, .jsonl or .parquet files")
        if not all(isinstance(row, dict) for row in rows):
            raise ValueError("each line must be an object with prefix and decision")
        return rows
    except (OSError, ValueError, csv.Error, pa.ArrowException) as error:
        raise StageError(f"--decisions {path}: {error}") from error

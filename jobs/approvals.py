"""Decisions on the URL prefixes of mathematical domains: who decided, when and why (paper 2.1, step 4).

    python -m jobs.approvals --round 1 --decisions decided.csv --reviewer "Ada Lovelace" --decided-at 2026-11-22T10:00Z
    python -m jobs.approvals --round 1 --rule "share>=0.5 and pages>=10"

In the paper people decide. A rule serves runs that nobody watches; it is recorded as the reviewer. The longest decided
prefix speaks for a page, so a rejected part of an approved site stays out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from jobs import rounds, runner
from jobs.decisions import APPROVE, BadRule, Candidate, Decision, decide, parse_rule, read_decisions
from jobs.lake.catalog import Lake
from jobs.lake.datasets import APPROVALS, DOMAINS, Address
from jobs.lake.settings import Location, SettingsError
from jobs.lake.stage import Run, Stage, StageError, StageSettings, sampled_digest


@dataclass(frozen=True)
class Approvals(StageSettings):
    """Record the decisions on a round's candidate prefixes."""

    round: int = 1
    """Which round's candidates are decided."""
    decisions: Location = ""
    """A person's decisions: a .csv, .jsonl or .parquet file with prefix, decision (approve, reject) and note."""
    rule: str = ""
    """A rule that decides instead of a person: comparisons of share, pages, recalled, such as 'share>=0.5'."""
    reviewer: str = ""
    """The person's name; needed with decisions. With a rule: who saw the candidates and let the rule decide."""
    decided_at: str = ""
    """When a person decided, as ISO 8601 time; needed with a reviewer. A rule decides when the candidates are there."""
    note: str = ""
    """Why; stands for decisions that have no note of their own, and before a rule's figures."""

    def __post_init__(self) -> None:
        rounds.check_round(self.round)
        if bool(self.decisions) == bool(self.rule):
            raise SettingsError(
                "give either --decisions FILE with --reviewer and --decided-at (a person decides), or --rule such as "
                "'share>=0.5' (a stated rule decides)"
            )
        by_person = self.decisions or self.reviewer or self.note
        if by_person and not (self.reviewer.strip() and self.decided_at):
            raise SettingsError("a person's decision needs --reviewer NAME and --decided-at TIME")
        if self.decided_at:
            read_time(self.decided_at)
        if self.rule:
            try:
                parse_rule(self.rule)
            except BadRule as error:
                raise SettingsError(str(error)) from error


def read_time(text: str) -> datetime:
    """ISO 8601 -> a time in UTC; without a zone it is UTC. Raises SettingsError."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(f"--decided-at {text!r} is no ISO 8601 time; write 2026-11-22T10:00:00Z") from error
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def reads(settings: Approvals, lake: Lake) -> list[Address]:
    return [DOMAINS.at(settings.version, settings.round)]


def sources(settings: Approvals) -> dict[str, str]:
    if not settings.decisions:
        return {}
    path = Path(settings.decisions).expanduser()
    if not path.is_file():
        raise StageError(f"--decisions {settings.decisions!r}: there is no such file")
    return {"decisions": sampled_digest([path])}


def approvals(settings: Approvals, run: Run) -> None:
    candidates = read_candidates(run, settings)
    run.count_in(len(candidates))
    if settings.rule:
        decided = decide(candidates, settings.rule)
        reviewer = f"rule:{settings.rule}"
        if settings.reviewer:  # a person looked and agreed
            reviewer = f"{settings.reviewer.strip()} by {reviewer}"
        if settings.note:
            decided = [replace(d, note=f"{settings.note}; {d.note}") for d in decided]
    else:
        decided = read_decisions(settings.decisions, candidates, settings.note)
        reviewer = settings.reviewer.strip()
    approved = sum(d.decision == APPROVE for d in decided)
    run.drop("undecided", len(candidates) - len(decided))
    run.figure("approved", approved)
    run.figure("rejected", len(decided) - approved)
    run.figure("reviewer", reviewer)
    run.log(f"{reviewer}: {approved} of {len(candidates)} prefixes approved, {len(decided) - approved} rejected")
    table = approvals_table(decided, reviewer, decision_time(settings, run))
    run.output(APPROVALS).write_table("part-00000.parquet", table)


def read_candidates(run: Run, settings: Approvals) -> list[Candidate]:
    """The prefixes that the round's domains list, in alphabetical order."""
    table = run.lake.read_table(DOMAINS.at(settings.version, settings.round), ["domain", "prefixes"])
    found = [
        Candidate(p["prefix"], row["domain"], p["pages"], p["recalled"], p["share"])
        for row in table.to_pylist()
        for p in row["prefixes"]
    ]
    return sorted(found, key=lambda c: c.prefix)


def decision_time(settings: Approvals, run: Run) -> datetime:
    """When it was decided. A rule decides the moment its candidates are there, so its time is when they were finished:
    a rerun over the same candidates writes the same bytes."""
    return read_time(settings.decided_at or run.input(DOMAINS.at(settings.version, settings.round)).finished_at)


def approvals_table(decided: Sequence[Decision], reviewer: str, time: datetime) -> pa.Table:
    rows = sorted(decided, key=lambda d: d.prefix)
    count = len(rows)
    columns = {
        "prefix": [d.prefix for d in rows], "domain": [d.domain for d in rows], "decision": [d.decision for d in rows],
        "reviewer": [reviewer] * count, "decided_at": [time] * count, "note": [d.note for d in rows],
    }  # fmt: skip
    return pa.table(columns, schema=APPROVALS.schema)


STAGE = Stage(Approvals, approvals, writes=lambda s: [APPROVALS.at(s.version, s.round)], reads=reads, sources=sources)

if __name__ == "__main__":
    runner.run(STAGE)

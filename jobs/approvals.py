"""Decisions on the URL prefixes of mathematical domains: who decided, when and why (paper 2.1, step 4).

    python -m jobs.approvals --round 1 --decisions decided.csv --reviewer "Ada Lovelace" --decided-at 2026-11-22T10:00Z
    python -m jobs.approvals --round 1 --rule "share>=0.5 and pages>=10"

In the paper people decide; `python -m jobs.candidates` writes the file that they fill in. A rule serves runs that
nobody watches; it is recorded as the reviewer. Which decision stands where several speak: jobs.decisions.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import pyarrow as pa

from jobs import rounds, runner
from jobs.decision_files import ReviewRow, decision_paths, read_rows, rows_as_bytes
from jobs.decisions import (
    APPROVE,
    NAMED,
    REJECT,
    RULE,
    UNDO,
    BadRule,
    Candidate,
    Decision,
    agreed,
    decide,
    decided_above,
    exceptions,
    parse_rule,
    read_candidates,
    read_standing,
    standing,
)
from jobs.lake.catalog import Lake
from jobs.lake.datasets import APPROVALS, DOMAINS, Address
from jobs.lake.settings import Location, SettingsError, read_time
from jobs.lake.stage import Run, Stage, StageError, StageSettings

SET_ASIDE = "set-aside.csv"
DECIDED_AT = "--decided-at"


@dataclass(frozen=True)
class Approvals(StageSettings):
    """Record the decisions on a round's candidate prefixes."""

    round: int = 1
    """Which round's candidates are decided."""
    decisions: Location = ""
    """People's decisions: a .csv, .jsonl or .parquet file with prefix, decision (approve, reject, undo) and note, or a
    folder of them. Rows with their own reviewer and decided_at keep those."""
    from_elsewhere: bool = False
    """The decisions were made on another crawl or round: rows on prefixes that are no candidates here are counted and
    set aside in set-aside.csv. Without it they are refused: a typing mistake must not pass unseen."""
    rule: str = ""
    """A rule that decides instead of a person: comparisons of a candidate's figures, such as 'share>=0.5'."""
    reviewer: str = ""
    """The person's name, for decisions that bear none. With a rule: who saw the candidates and let the rule decide."""
    decided_at: str = ""
    """When a person decided, as ISO 8601 time. A rule decides when the candidates are there."""
    note: str = ""
    """Why; stands for decisions that have no note of their own, and before a rule's figures."""

    def __post_init__(self) -> None:
        rounds.check_round(self.round)
        if bool(self.decisions) == bool(self.rule):
            raise SettingsError(
                "give either --decisions FILE (people decide), or --rule such as 'share>=0.5' (a stated rule decides)"
            )
        if self.decided_at:
            read_time(DECIDED_AT, self.decided_at)
        if self.rule:
            if bool(self.reviewer.strip() or self.note) != bool(self.reviewer.strip() and self.decided_at):
                raise SettingsError("a person who lets a rule decide needs --reviewer NAME and --decided-at TIME")
            try:
                parse_rule(self.rule)
            except BadRule as error:
                raise SettingsError(str(error)) from error


def reads(settings: Approvals, lake: Lake) -> list[Address]:
    addresses = [DOMAINS.at(settings.version, settings.round), *approvals_before(settings)]
    if all(lake.find(a) for a in addresses):
        settle(settings, lake)  # refuses before anything is written: --replace must not lose decisions to a bad file
    return addresses


def approvals_before(settings: Approvals) -> list[Address]:
    return rounds.all_before(APPROVALS, settings.version, settings.round)


def sources(settings: Approvals) -> dict[str, str]:
    if not settings.decisions:
        return {}
    digest = hashlib.sha256()  # of every byte: two decisions that change places leave size and ends as they were
    for path in decision_paths(settings.decisions):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return {"decisions": digest.hexdigest()[:16]}


@dataclass(frozen=True)
class Settled:
    """What is decided in a round."""

    candidates: list[Candidate]
    earlier: dict[str, Decision]
    """What stands from the rounds before."""
    decided: list[Decision]
    left: int = 0
    """Candidates that a rule leaves to people."""
    aside: tuple[ReviewRow, ...] = ()
    """Rows on prefixes that are no candidates here."""


def approvals(settings: Approvals, run: Run) -> None:
    found = settle(settings, run.lake)
    undecided = {c.prefix for c in found.candidates} - {d.prefix for d in found.decided}
    run.count_in(len(found.candidates) + len(found.aside))
    run.drop("left_to_people", found.left)
    run.drop("undecided", len(undecided) - found.left)
    run.drop("set_aside", len(found.aside))
    tell(run, found)
    output = run.output(APPROVALS)
    output.write_table("part-00000.parquet", pa.Table.from_pylist([asdict(d) for d in found.decided], APPROVALS.schema))
    if found.aside:
        output.write(SET_ASIDE, rows_as_bytes(found.aside, ".csv"))


def settle(settings: Approvals, lake: Lake) -> Settled:
    """All decisions of the round. Raises StageError where one cannot be used and where people contradict each other."""
    candidates = read_candidates(lake, DOMAINS.at(settings.version, settings.round))
    earlier = read_standing(lake, approvals_before(settings))
    if settings.rule:
        finished = lake.require(DOMAINS.at(settings.version, settings.round), "approvals").finished_at
        return by_rule(settings, candidates, earlier, finished)
    return by_people(settings, candidates, earlier)


def by_rule(settings: Approvals, candidates: list[Candidate], earlier: dict[str, Decision], finished: str) -> Settled:
    """The rule's decisions. Unless a person agreed to them, none within a prefix on which a person has decided.

    A rule decides the moment its candidates are there, so its time is when they were finished: a rerun over the same
    candidates writes the same bytes.
    """
    asked, reviewer = candidates, f"{RULE}{settings.rule}"
    if settings.reviewer:
        reviewer = f"{settings.reviewer.strip()} by {reviewer}"
    else:
        asked = [c for c in candidates if not ((d := decided_above(c.prefix, earlier)) and d.by_person)]
    decided = decide(
        asked, settings.rule, reviewer, read_time(DECIDED_AT, settings.decided_at or finished), settings.note
    )
    return Settled(candidates, earlier, sorted(decided, key=lambda d: d.prefix), left=len(candidates) - len(asked))


def by_people(settings: Approvals, candidates: list[Candidate], earlier: dict[str, Decision]) -> Settled:
    """The decisions of all files, agreed; rows on prefixes that nobody asked about apart."""
    domains = {p: d.domain for p, d in earlier.items()} | {c.prefix: c.domain for c in candidates}
    decided, aside = [], []
    for where, row in decided_rows(settings):
        known = earlier if row.decision.lower() == UNDO else domains
        if row.prefix in known:
            decided.append((where, read_decision(settings, where, row, domains[row.prefix])))
        elif settings.from_elsewhere:
            aside.append(row)
        else:
            raise StageError(f"{where}: {unknown(row, [c.prefix for c in candidates])}")
    return Settled(candidates, earlier, agreed(decided), aside=tuple(aside))


def decided_rows(settings: Approvals) -> Iterator[tuple[str, ReviewRow]]:
    """Rows that hold a decision, and where each stands, for messages."""
    for path in decision_paths(settings.decisions):
        for number, row in enumerate(read_rows(path), 1):
            where = f"{path.name}, row {number}"
            if row.decision.lower() in (APPROVE, REJECT, UNDO):
                yield where, row
            elif row.decision:
                raise StageError(f"{where}: decision is {row.decision!r}; write {APPROVE}, {REJECT} or {UNDO}")


def read_decision(settings: Approvals, where: str, row: ReviewRow, domain: str) -> Decision:
    """A row as a decision, with what it lacks from the settings. Raises StageError where nobody signs it."""
    reviewer, time = row.reviewer or settings.reviewer.strip(), row.decided_at or settings.decided_at
    if not reviewer or not time:
        raise StageError(f"{where}: no reviewer or no decided_at; give --reviewer NAME and --decided-at TIME")
    if not reviewer.isprintable():  # it goes into logs and pages
        raise StageError(f"{where}: reviewer is {reviewer!r}; write a name")
    try:
        decided_at = read_time(DECIDED_AT, time)
    except SettingsError as error:
        raise StageError(f"{where}: {error}") from error
    return Decision(row.prefix, domain, row.decision.lower(), reviewer, decided_at, row.note or settings.note)


def unknown(row: ReviewRow, candidates: Sequence[str]) -> str:
    """Why a row's prefix cannot be decided on."""
    if row.decision.lower() == UNDO:
        return f"nothing to undo: no decision of an earlier round stands on {row.prefix!r}"
    named = ", ".join(sorted(candidates)[:NAMED]) or "there are none"
    return (
        f"{row.prefix!r} is not one of this round's {len(candidates)} candidate prefixes "
        f"({named}{', ...' if len(candidates) > NAMED else ''}) and was not decided on before; "
        "--from-elsewhere sets such rows aside"
    )


def tell(run: Run, found: Settled) -> None:
    """Figures and log: how much was decided, by whom, and where a part is decided otherwise than what holds it."""
    counts = Counter(d.decision for d in found.decided)
    reviewers = sorted({d.reviewer for d in found.decided})
    apart = exceptions(standing([found.earlier.values(), found.decided]))
    run.figure("approved", counts[APPROVE])
    run.figure("rejected", counts[REJECT])
    run.figure("undone", counts[UNDO])
    run.figure("reviewers", list(reviewers))
    run.figure("exceptions", len(apart))
    run.log(
        f"{', '.join(reviewers[:NAMED]) or 'nobody'}: {counts[APPROVE]} prefixes approved, {counts[REJECT]} rejected, "
        f"{counts[UNDO]} undone"
    )
    for part, whole in apart[:NAMED]:
        run.log(f"{part.prefix}: {part.decision}, within {whole.prefix}: {whole.decision}; the longer prefix speaks")


STAGE = Stage(Approvals, approvals, writes=lambda s: [APPROVALS.at(s.version, s.round)], reads=reads, sources=sources)

if __name__ == "__main__":
    runner.run(STAGE)

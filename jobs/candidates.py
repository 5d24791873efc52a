"""The prefixes of a round that wait for a decision, in a file for people to fill in.

    python -m jobs.candidates --round 1 --file review.csv          (or .jsonl, .parquet)
    ... fill in `decision` (approve, reject; undo takes an earlier round's back) and `note` ...
    python -m jobs.approvals --round 1 --decisions review.csv --reviewer "Ada Lovelace" --decided-at 2026-11-22T10:00Z

Those come first of which approval should bring most tokens. `earlier` shows what stands from rounds before; prefixes
that were decided then and are no candidates now stand at the end. Paper section 2.1, step 4.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jobs import rounds
from jobs.decision_files import SUFFIXES, ReviewRow, rows_as_bytes
from jobs.decisions import Candidate, Decision, decided_above, read_candidates, read_standing
from jobs.lake.catalog import Lake, LakeError
from jobs.lake.datasets import APPROVALS, DOMAINS
from jobs.lake.settings import Location, RunOptions, SettingsError, parse
from jobs.lake.stage import LOG, StageError, StageSettings, start_log


@dataclass(frozen=True)
class Candidates(StageSettings):
    """Write a round's candidate prefixes with their figures to a file for people to decide on."""

    round: int = 1
    """Which round's candidates."""
    file: Location = "review.csv"
    """Where to: a new .csv, .jsonl or .parquet file."""

    def __post_init__(self) -> None:
        rounds.check_round(self.round)
        if Path(self.file).suffix not in SUFFIXES:
            raise SettingsError(f"--file {self.file!r}: write a {', '.join(SUFFIXES)} file")


def write_candidates(settings: Candidates, lake: Lake) -> int:
    """Returns rows written. Raises StageError where the file is there, LakeError where the round is not."""
    candidates = read_candidates(lake, DOMAINS.at(settings.version, settings.round))
    earlier = read_standing(lake, rounds.all_before(APPROVALS, settings.version, settings.round))
    rows = list(review_rows(candidates, earlier))
    path = Path(settings.file).expanduser()
    content = rows_as_bytes(rows, path.suffix)
    try:
        with path.open("xb") as stream:
            stream.write(content)
    except FileExistsError as error:
        raise StageError(f"--file {settings.file}: it is there already and may hold decisions; name another") from error
    return len(rows)


def review_rows(candidates: Sequence[Candidate], earlier: Mapping[str, Decision]) -> Iterator[ReviewRow]:
    """The candidates in their order, then earlier decisions on other prefixes, in alphabetical order."""
    for c in candidates:
        yield ReviewRow(
            prefix=c.prefix, domain=c.domain, earlier=_said(decided_above(c.prefix, earlier)), pages=c.pages,
            recalled=c.recalled, share=round(c.share, 4), share_low=round(c.share_low, 4),
            share_high=round(c.share_high, 4),
            missed_tokens=c.missed_tokens, expected_tokens=c.expected_tokens, samples=" ".join(c.samples),
        )  # fmt: skip
    for prefix in sorted(earlier.keys() - {c.prefix for c in candidates}):
        yield ReviewRow(prefix=prefix, domain=earlier[prefix].domain, earlier=_said(earlier[prefix]))


def _said(decision: Decision | None) -> str:
    if decision is None:
        return ""
    return f"{decision.prefix}: {decision.decision} ({decision.reviewer}, {decision.decided_at:%Y-%m-%d})"


def main() -> None:
    start_log()
    try:
        settings, options = parse(sys.argv[1:], "python -m jobs.candidates", Candidates, RunOptions)
        rows = write_candidates(settings, Lake(options.lake))
        LOG.info("candidates round %d | wrote %s: %d prefixes", settings.round, settings.file, rows)
    except (LakeError, StageError, SettingsError, OSError) as error:
        LOG.error("%s", error)
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()

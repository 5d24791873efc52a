"""What a person thinks of a round's pages: its precision, estimated with an interval, and whether its cut is in place.

    cp LAKE/recalled/v1/round=2/sample.jsonl judged.jsonl      and marginal.jsonl behind it, if wanted
    ... add "mathematical": true or false to the lines ...
    python -m jobs.judgements --round 2 --file judged.jsonl --reviewer "Ada Lovelace" --decided-at 2026-11-22T10:00Z

Precision is estimated from judged pages of sample.jsonl alone, which are a random sample of each stratum of scores
(jobs.recalled_pages). The pages of marginal.jsonl are no random sample: what was judged of them is told apart,
above and below the cut. Page ids carry over: a line judged for one round counts in another whose sample holds the page.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jobs import rounds, runner
from jobs.lake.catalog import Lake
from jobs.lake.datasets import JUDGEMENTS, RECALLED, Address
from jobs.lake.settings import JsonValue, Location, SettingsError, read_time
from jobs.lake.stage import Run, Stage, StageError, StageSettings
from jobs.metrics import stratified_share
from jobs.recalled_pages import MARGINAL, SAMPLE

PRECISION = "precision.json"
VERDICT = "mathematical"


@dataclass(frozen=True)
class Judgements(StageSettings):
    """Estimate a round's precision from the pages of its sample that a person judged."""

    round: int = 1
    """Which round's pages were judged."""
    file: Location = ""
    """The judged lines: .jsonl with page_id and mathematical (true or false); lines without it are not judged yet."""
    reviewer: str = ""
    """Who judged."""
    decided_at: str = ""
    """When, as ISO 8601 time."""

    def __post_init__(self) -> None:
        rounds.check_round(self.round)
        if not (self.file and self.reviewer.strip() and self.decided_at):
            raise SettingsError("judgements are a person's: give --file, --reviewer NAME and --decided-at TIME")
        read_time("--decided-at", self.decided_at)


def reads(settings: Judgements, lake: Lake) -> list[Address]:
    return [RECALLED.at(settings.version, settings.round)]


def sources(settings: Judgements) -> dict[str, str]:
    path = Path(settings.file).expanduser()
    if not path.is_file():
        raise StageError(f"--file {settings.file!r}: there is no such file")
    return {"judgements": hashlib.sha256(path.read_bytes()).hexdigest()[:16]}  # of every byte: verdicts may swap


def judgements(settings: Judgements, run: Run) -> None:
    verdicts = read_verdicts(settings.file)
    run.count_in(len(verdicts))
    folder = RECALLED.at(settings.version, settings.round).folder
    sample, marginal = (
        [json.loads(line) for line in run.lake.storage.read(f"{folder}/{name}").decode().splitlines()]
        for name in (SAMPLE, MARGINAL)
    )
    strata = judged_strata(run.name, sample, verdicts)
    precision, low, high = stratified_share(strata)
    found: dict[str, JsonValue] = {
        "precision": precision, "low": low, "high": high, "judged": sum(judged for _, judged, _ in strata),
        "pages": sum(pages for pages, _, _ in strata), "reviewer": settings.reviewer.strip(),
        "decided_at": settings.decided_at,
        **{f"{side}_cut": _right([r for r in marginal if r["kept"] is kept], verdicts)
           for side, kept in (("above", True), ("below", False))},
    }  # fmt: skip
    run.drop("of_no_page_listed", len(verdicts.keys() - {r["page_id"] for r in (*sample, *marginal)}))
    run.output(JUDGEMENTS).write_json(PRECISION, found)
    for name, value in found.items():
        run.figure(name, value)
    run.log(f"precision {precision:.1%}, 95% interval {low:.1%} to {high:.1%}, of {found['judged']} judged pages")


def read_verdicts(place: str) -> dict[str, bool]:
    """Page id -> mathematical, of the lines that were judged. Raises StageError for a line that cannot be used."""
    verdicts: dict[str, bool] = {}
    for number, line in enumerate(Path(place).expanduser().read_text(encoding="utf-8").splitlines(), 1):
        where = f"--file {place}, line {number}"
        try:
            row = json.loads(line or "{}")
        except ValueError as error:
            raise StageError(f"{where}: no line of JSON ({error})") from error
        verdict = row.get(VERDICT) if isinstance(row, dict) else None
        if verdict is None:
            continue
        page = row.get("page_id")
        if not isinstance(verdict, bool) or not isinstance(page, str):
            raise StageError(f'{where}: write "{VERDICT}": true or false beside the page_id, not {verdict!r}')
        if verdicts.setdefault(page, verdict) != verdict:
            raise StageError(f"{where}: page {page} is judged twice, and not alike; keep one line")
    return verdicts


def judged_strata(
    name: str, sample: list[dict[str, object]], verdicts: Mapping[str, bool]
) -> list[tuple[int, int, int]]:
    """(pages, judged, right) of each stratum. Raises StageError where one has no judged page: its share is unknown."""
    pages = {int(str(r["stratum"])): int(str(r["stratum_pages"])) for r in sample}
    judged, right = Counter[int](), Counter[int]()
    for row in sample:
        verdict = verdicts.get(str(row["page_id"]))
        if verdict is not None:
            judged[int(str(row["stratum"]))] += 1
            right[int(str(row["stratum"]))] += verdict
    missing = [str(stratum) for stratum in sorted(pages) if not judged[stratum]]
    if missing or not pages:
        raise StageError(
            f"{name}: no page of stratum {', '.join(missing) or 'any'} of {SAMPLE} is judged; judge some of each, or "
            "the estimate would say nothing of them"
        )
    return [(pages[n], judged[n], right[n]) for n in sorted(pages)]


def _right(rows: list[dict[str, object]], verdicts: Mapping[str, bool]) -> dict[str, int]:
    found = [verdicts[str(r["page_id"])] for r in rows if r["page_id"] in verdicts]
    return {"judged": len(found), "mathematical": sum(found)}


STAGE = Stage(Judgements, judgements, writes=lambda s: [JUDGEMENTS.at(s.version, s.round)], reads=reads,
              sources=sources)  # fmt: skip

if __name__ == "__main__":
    runner.run(STAGE)

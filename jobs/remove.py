"""python -m jobs.remove --domain example.org: takes a domain, or one address, out of everything made from now on.

A domain goes with all its hosts; an address (--url) in whatever spelling it is crawled. `--undo` takes the decision
back, `--list` shows all that was decided. What was made before stays as it is: an address of the lake never changes.
Left out on purpose: `pages`, which is the crawl as it was fetched, copies of a text that other domains publish, and a
lock: decisions are recorded one after the other.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import pyarrow as pa

from jobs.lake.catalog import Lake, LakeError
from jobs.lake.datasets import MATH_PAGES
from jobs.lake.manifest import Provenance, source_digests
from jobs.lake.removals import (
    BY_DOMAIN,
    BY_URL,
    REMOVE,
    RESTORE,
    Removal,
    active,
    decisions,
    in_force,
    state_address,
)  # fmt: skip
from jobs.lake.settings import RunOptions, SettingsError, parse, read_time
from jobs.lake.stage import LOG, start_log
from jobs.lake.tables import REMOVALS as SCHEMA
from jobs.removed_pages import RemovedPages
from jobs.web.urls import canonical_url, registrable_domain


@dataclass(frozen=True)
class Remove:
    """Take a domain or an address out of everything made from now on, in every version; or take that back."""

    domain: str = ""
    """A registrable domain such as example.org, with all its hosts; a site such as name.github.io is one too."""
    url: str = ""
    """One address; its other spellings (http, www, tracking parameters) go with it."""
    reason: str = ""
    """Why, for whoever asks later."""
    reviewer: str = ""
    """Who decided."""
    decided_at: str = ""
    """When it was decided, as ISO 8601 time."""
    undo: bool = False
    """Restore what was removed."""
    list: bool = False
    """Show every decision so far and decide nothing."""

    def __post_init__(self) -> None:
        if self.list:
            return
        if bool(self.domain) == bool(self.url):
            raise SettingsError("give either --domain example.org or --url https://example.org/page, or --list")
        for flag, value in (
            ("--reason", self.reason),
            ("--reviewer", self.reviewer),
            ("--decided-at", self.decided_at),
        ):
            if not value.strip():
                raise SettingsError(f"a removal is recorded with {flag}")

    def target(self) -> tuple[str, str]:
        """(kind, value in its one spelling). Raises SettingsError for what is no domain or no address."""
        if self.url:
            address = canonical_url(self.url)
            if not address:
                raise SettingsError(f"--url {self.url!r} is no http or https address")
            return BY_URL, address
        name = self.domain.strip()
        domain = registrable_domain(f"https://{name}")
        if not domain:
            raise SettingsError(
                f"--domain {self.domain!r} is no domain; write example.org, or give an address by --url"
            )
        if canonical_url(f"https://{name}") != f"https://{domain}":  # not only letters' case and `www.`
            raise SettingsError(
                f"--domain {name}: only a whole registrable domain can be removed, and that is {domain}"
            )
        if registrable_domain(f"https://any.{domain}") == f"any.{domain}":
            raise SettingsError(f"--domain {domain} is a public suffix: every site under it is a domain of its own")
        return BY_DOMAIN, domain


def remove(settings: Remove, lake: Lake) -> list[str]:
    """Record the decision, unless it stands already; lines that say what was done."""
    kind, value = settings.target()
    made = decisions(lake)
    action = RESTORE if settings.undo else REMOVE
    last = next((d for d in reversed(made) if d.target == (kind, value)), None)
    if last is None and settings.undo:
        known = ", ".join(v for _, v in active(made)) or "nothing"
        raise SettingsError(f"--undo: {value} was never removed; removed are: {known}")
    if last is not None and last.action == action:
        return [f"{line_of(last)}: nothing to do"]
    number = (made[-1].state if made else 0) + 1
    decision = Removal(number, action, kind, value, settings.reason.strip(), settings.reviewer.strip(),
                       read_time("--decided-at", settings.decided_at))  # fmt: skip
    write_state(lake, number, [*made, decision])
    return [line_of(decision), *standing(lake, kind, value), *what_follows(lake)]


def write_state(lake: Lake, number: int, made: Sequence[Removal]) -> None:
    address, last = state_address(number), made[-1]
    before = lake.find(state_address(number - 1)) if number > 1 else None
    provenance = Provenance(
        stage="jobs.remove",
        config={**asdict(last), "decided_at": last.decided_at.isoformat()},
        inputs={before.address: before.fingerprint} if before else {},
        code=source_digests("jobs.remove"),
    )
    publication = lake.begin(address, provenance)
    assert publication is not None, "the number is one above all that there are"
    publication.write_table("part-00000.parquet", pa.Table.from_pylist([asdict(d) for d in made], SCHEMA))
    publication.finish(figures={"in_force": len(active(made))})


def standing(lake: Lake, kind: str, value: str) -> Iterator[str]:
    """How many mathematical pages of each finished version it concerns: a typing mistake shows as none."""
    one = RemovedPages(*(frozenset([value] if kind == k else []) for k in (BY_DOMAIN, BY_URL)))
    for version in lake.storage.folders(MATH_PAGES.name):
        address = MATH_PAGES.at(version)
        if lake.find(address) is not None:
            batches = lake.read_batches(address, ["url"], "remove")
            pages = sum(one.covers(url) for batch in batches for url in batch["url"].to_pylist())
            yield f"{address}: {pages:,} pages of it, which stay there"


def what_follows(lake: Lake) -> Iterator[str]:
    address = in_force(lake)
    if address:
        yield f"in force: {address}; a corpus that goes by it: python -m jobs.math_pages --version NEW --base VERSION"
    else:
        yield "nothing is removed now: what was made before any removal is as good as it was"


def line_of(decision: Removal) -> str:
    return (
        f"{decision.decided_at:%Y-%m-%dT%H:%M:%SZ}  {decision.action:7}  {decision.kind} {decision.value}  "
        f"by {decision.reviewer}: {decision.reason}"
    )


def main() -> int:
    start_log()
    try:
        settings, options = parse(sys.argv[1:], "python -m jobs.remove", Remove, RunOptions)
        lake = Lake(options.lake)
        for line in map(line_of, decisions(lake)) if settings.list else remove(settings, lake):
            print(line)
    except (LakeError, SettingsError) as error:
        LOG.error("%s", error)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

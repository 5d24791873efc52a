"""python -m jobs.explain URL: why a page is in the corpus of a version, or out of it. A page_id does as well.

From the WARC record over scores, decisions, duplicates and contamination to its place in the token shards, each with
the dataset that says so. Left out on purpose: the page's text.
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from os.path import commonprefix

from jobs.lake.catalog import Lake, LakeError
from jobs.lake.datasets import DEFAULT_VERSION, PAGES, Address
from jobs.lake.settings import RunOptions, SettingsError, parse
from jobs.page_story import Story, Teller
from jobs.row_search import json_rows, rows, values
from jobs.versions import earlier_crawls
from jobs.web.urls import canonical_url, registrable_domain

PAGE_ID = re.compile(r"[0-9a-f]{16}\Z")
SHOWN = 5


@dataclass(frozen=True)
class Explain:
    """Say why a page is in the corpus or out of it; all fetches of it, the last one first."""

    page: str
    """URL, in any spelling, or page_id."""
    version: str = DEFAULT_VERSION
    """Version of the corpus."""
    json: bool = False
    """Everything as one JSON object instead of lines."""


@dataclass(frozen=True)
class Answer:
    """What is known of a page; where nothing is, what comes nearest."""

    asked: str
    version: str
    pages: tuple[Story, ...]
    left_out: tuple[str, ...]
    """Records that gave no page, and why."""
    nearest: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        for story in self.pages:
            yield f"{story.url}  (page {story.page_id})"
            yield f"  {story.verdict}"
            yield from (f"  {f.topic + ':':14} {f.said}" for f in story.findings)
        yield from self.left_out
        if not self.pages:
            yield f"no page of version {self.version} is {self.asked}"
            yield from (f"  nearest: {name}" for name in self.nearest)


def explain(lake: Lake, page: str, version: str) -> Answer:
    """Raises LakeError where the version has no pages at all, SettingsError for what is neither URL nor page_id."""
    crawls = [*lake.finished(PAGES, version), *earlier_crawls(lake, version)]
    if not crawls:
        raise LakeError(f"explain: version {version} has no finished pages under {lake.storage.address('')}")
    address = canonical_url(page) or canonical_url(f"https://{page}")
    if PAGE_ID.match(page):
        holding = [(a, page) for a in crawls if rows(lake, a, ["page_id"], "page_id", [page])]
        return answer(lake, page, version, holding[:1], (), ())
    if not address or "." not in registrable_domain(address):
        raise SettingsError(f"{page!r} is neither an http address nor a page_id of 16 hex digits")
    same_domain = [
        (a, row) for a in crawls
        for row in rows(lake, a, ["page_id", "url", "fetched_at"], "domain", [registrable_domain(address)])
    ]  # fmt: skip
    found = [(a, row) for a, row in same_domain if canonical_url(row["url"]) == address]
    found.sort(key=lambda pair: str(pair[1]["fetched_at"]), reverse=True)
    left_out = tuple(refusals(lake, crawls, address))
    nearest = () if found else tuple(neighbours(lake, crawls, address, {row["url"] for _, row in same_domain}))
    return answer(lake, page, version, [(a, row["page_id"]) for a, row in found], left_out, nearest)


def answer(
    lake: Lake,
    page: str,
    version: str,
    found: list[tuple[Address, str]],
    left_out: tuple[str, ...],
    nearest: tuple[str, ...],
) -> Answer:
    teller, unique = Teller(lake, version), {page_id: address for address, page_id in reversed(found)}
    stories = tuple(teller.tell(address, page_id) for page_id, address in reversed(unique.items()))
    return Answer(page, version, stories, left_out, nearest)


def refusals(lake: Lake, crawls: list[Address], address: str) -> Iterator[str]:
    """Records at this address that became no page."""
    for crawl in crawls:
        for row in json_rows(lake, crawl, "rejected-", registrable_domain(address)):
            if not row["kept"] and canonical_url(row["url"]) == address:
                yield f"{crawl}: a record at {row['warc_offset']:,} of {row['warc_path']} gave no page: {row['reason']}"


def neighbours(lake: Lake, crawls: list[Address], address: str, urls: set[str]) -> list[str]:
    """What may have been meant: addresses of the domain that begin alike, else domains of a like name."""
    if urls:
        return sorted(urls, key=lambda u: (-len(commonprefix([canonical_url(u), address])), u))[:SHOWN]
    domains = set().union(*(values(lake, crawl, "domain") for crawl in crawls))
    return get_close_matches(registrable_domain(address), sorted(domains), SHOWN)


def main() -> int:
    try:
        settings, options = parse(_flags(sys.argv[1:]), "python -m jobs.explain", Explain, RunOptions)
        found = explain(Lake(options.lake), settings.page, settings.version)
    except (LakeError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 2
    if settings.json:
        print(json.dumps(asdict(found), indent=1, default=str))
    else:
        print(
            "\n".join(
                line.encode("unicode_escape").decode() if not line.isprintable() else line for line in found.lines()
            )
        )
    return 0 if found.pages or found.left_out else 1


def _flags(words: list[str]) -> list[str]:
    """The page may stand alone, without its flag."""
    return ["--page", *words] if words and not words[0].startswith("-") else words


if __name__ == "__main__":
    raise SystemExit(main())

"""A labelled crawl of our own: real WARC files of generated pages on some forty invented sites, two languages.

Every page is a function of (seed, its index), so a duplicate is made by writing its original again, and a crawl of a
million pages needs no more memory than one of six hundred. Each block of thirty pages holds 25 originals, one page
fetched twice, one copied to another site, one nearly copied, and one or two with a benchmark item planted in them.

Left out on purpose: links that lead anywhere, images, JavaScript that draws, any text written by somebody else.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, BinaryIO

from jobs.web.sample_hosts import Place, draw_place, mirror_place, page_address
from jobs.web.sample_layout import Frame, page_text, render_page
from jobs.web.sample_pages import SERIES, Page, nearly, plant, write_page
from jobs.web.sample_questions import BENCHMARK, benchmark_items, planted_items
from jobs.web.sample_records import DAMAGING, HARMLESS, CrawlFile, Fetch

FILE_PAGES = (50, 1000)
"""Pages in a WARC file: a quarter of the crawl, within these bounds."""
BLOCK = 30
ORIGINALS = 25
REFETCHED, COPIED, CONTAMINATED = 25, 26, 28
HARMLESS_EVERY = 40
"""Pages between two records that hold no page (a 404, a redirect, a PDF, a revisit)."""
DAMAGED_FILE_EVERY = 8
"""One file in eight has damaged records; the others are whole, as most files of a real crawl are."""


@dataclass(frozen=True)
class SamplePage:
    """A page of the crawl with its label."""

    place: Place
    page: Page
    url: str
    kind: str
    duplicate: str = ""
    duplicate_of: str | None = None
    contaminated_with: str | None = None

    def label(self, file: str) -> dict[str, Any]:
        """Its row in labels.jsonl. `duplicate`: '' | refetched | copied | nearly_copied."""
        return {
            "url": self.url,
            "label": self.place.section.label,
            "language": self.place.host.language,
            "kind": self.kind,
            "domain": self.place.host.name,
            "duplicate": self.duplicate,
            "duplicate_of": self.duplicate_of,
            "contaminated_with": self.contaminated_with,
            "file": file,
        }


@dataclass(frozen=True)
class SampleCrawl:
    """What was written. Paths are absolute or relative as `folder` was; sizes are in bytes."""

    folder: Path
    warc_files: tuple[Path, ...]
    labels: Path
    damaged: Path
    seeds: Path
    benchmark: Path
    pages: int
    math_pages: int
    duplicates: int
    contaminated: int
    seed_rows: int
    damaged_records: int
    warc_bytes: int

    def __str__(self) -> str:
        return (
            f"{self.pages:,} pages ({self.math_pages:,} mathematical, {self.duplicates:,} duplicates, "
            f"{self.contaminated:,} contaminated) in {len(self.warc_files)} WARC files of {self.warc_bytes:,} bytes; "
            f"{self.damaged_records} records without a whole page; {self.seed_rows:,} seed rows"
        )


@dataclass
class _Counts:
    math_pages: int = 0
    duplicates: int = 0
    contaminated: int = 0
    seed_rows: int = 0
    damaged_records: int = 0


def sample_crawl(pages: int, seed: int, folder: Path) -> SampleCrawl:
    """Write a crawl of `pages` pages into `folder`: crawl-*.warc.gz, labels.jsonl, damaged.jsonl, seeds.jsonl.gz and
    benchmarks/word_problems.jsonl. The same pages and seed give the same bytes.

    Raises ValueError for fewer than one page and FileExistsError for a folder that already holds something: files of
    another run beside these would not match the labels.
    """
    if pages < 1:
        raise ValueError(f"sample crawl: {pages} pages asked for; ask for at least 1")
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"sample crawl: {folder} is not empty; give an empty folder or remove it first")
    benchmark = folder / "benchmarks" / f"{BENCHMARK}.jsonl"
    benchmark.parent.mkdir()
    rows = [{"question": item.question, "answer": item.answer} for item in benchmark_items(seed)]
    benchmark.write_text("".join(_line(row) for row in rows), encoding="utf-8")
    labels, damaged, seeds = folder / "labels.jsonl", folder / "damaged.jsonl", folder / "seeds.jsonl.gz"
    files = [folder / f"crawl-{at:05}.warc.gz" for at in range(-(-pages // _file_pages(pages)))]
    counts = _Counts()
    with ExitStack() as stack:
        label_out = stack.enter_context(labels.open("wb"))
        damage_out = stack.enter_context(damaged.open("wb"))
        seed_raw = stack.enter_context(seeds.open("wb"))
        # A gzip header names its file and hour unless told not to, and the bytes would change with the clock.
        seed_out = stack.enter_context(gzip.GzipFile(filename="", mode="wb", fileobj=seed_raw, mtime=0))
        for at, path in enumerate(files):
            with path.open("wb") as out:
                _write_file(at, len(files), pages, seed, out, path.name, (label_out, damage_out, seed_out), counts)
    size = sum(path.stat().st_size for path in files)
    return SampleCrawl(
        folder, tuple(files), labels, damaged, seeds, benchmark, pages, warc_bytes=size, **asdict(counts)
    )


def _file_pages(pages: int) -> int:
    return min(FILE_PAGES[1], max(FILE_PAGES[0], -(-pages // 4)))


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def _write_file(
    at: int,
    files: int,
    pages: int,
    seed: int,
    out: BinaryIO,
    name: str,
    lists: tuple[BinaryIO, BinaryIO, gzip.GzipFile],
    counts: _Counts,
) -> None:
    """Write the WARC file number `at` and the rows of its pages."""
    labels, damaged, seeds = lists
    size = _file_pages(pages)
    indices = range(at * size, min(pages, (at + 1) * size))
    crawl_file = CrawlFile(out, name, seed)
    crawl_file.write_info(indices.start)
    damage = dict(_damage(indices, hurt=at % DAMAGED_FILE_EVERY == min(1, files - 1)))
    for index in indices:
        page = sample_page(seed, index)
        fetch = Fetch(page.url, index, encode_page(page, seed), page.place.host.charset)
        crawl_file.write_page(fetch)
        labels.write(_line(page.label(name)).encode())
        if row := _seed_row(page, fetch):
            seeds.write(_line(row).encode())
            counts.seed_rows += 1
        counts.math_pages += page.place.section.label == "math"
        counts.duplicates += page.duplicate_of is not None
        counts.contaminated += page.contaminated_with is not None
        if kind := damage.get(index):
            damaged.write(_line(_write_damage(crawl_file, kind, seed, index, name)).encode())
            counts.damaged_records += 1


def _damage(indices: range, hurt: bool) -> Iterator[tuple[int, str]]:
    """After which pages of a file a record without a whole page follows, and of which kind."""
    for index in indices:
        if index % HARMLESS_EVERY == HARMLESS_EVERY - 1:
            yield index, HARMLESS[index // HARMLESS_EVERY % len(HARMLESS)]
    if hurt:
        for part, kind in enumerate(DAMAGING, 1):
            yield indices[len(indices) * part // (len(DAMAGING) + 1)], kind


def _write_damage(crawl_file: CrawlFile, kind: str, seed: int, index: int, name: str) -> dict[str, Any]:
    """Write a record without a whole page, with an address and a text of its own; return its row."""
    random = Random(f"{seed}:{kind}:{index}")
    place = draw_place(random)
    text = write_page(random.choice(place.section.subjects), place.host.language, random)
    # Their addresses have numbers far above those of pages, so that none meets a page's.
    page = SamplePage(place, text, page_address(place, 1_000_000_000 + index, text.title, random), place.section.kind)
    body = encode_page(page, seed)
    if kind == "not_html":
        body = b"%PDF-1.4\n" + body[:2000]
    fetch = Fetch(page.url, index, body, place.host.charset, identity=kind)
    if kind in HARMLESS:
        crawl_file.write_harmless(kind, fetch)
    else:
        crawl_file.write_damaged(kind, fetch)
    return page.label(name) | {"damage": kind}


def sample_page(seed: int, index: int) -> SamplePage:
    """The page number `index` of a crawl: an original, a duplicate of an earlier original, or a contaminated page."""
    random = Random(f"{seed}:page:{index}")
    block, slot = divmod(index, BLOCK)
    if slot < ORIGINALS or (slot > CONTAMINATED and block % 2):
        return _original(seed, index, random)
    if slot >= CONTAMINATED:
        return _contaminated(seed, index, random, short=slot > CONTAMINATED)
    original_index = random.randint(0, block) * BLOCK + random.randrange(ORIGINALS)
    original = _original(seed, original_index, Random(f"{seed}:page:{original_index}"))
    if slot == REFETCHED:
        return replace(original, duplicate="refetched", duplicate_of=original.url)
    place = mirror_place(original.place.host.language, original.place.section.label)
    page = original.page if slot == COPIED else nearly(original.page, random)
    url = page_address(place, index, page.title, random)
    duplicate = "copied" if slot == COPIED else "nearly_copied"
    return SamplePage(place, page, url, original.kind, duplicate, original.url)


def _original(seed: int, index: int, random: Random) -> SamplePage:
    place = draw_place(random)
    subject = random.choice(place.section.subjects)
    series = None
    if subject == "exercise":
        series = Random(f"{seed}:series:{place.host.name}:{random.randrange(SERIES)}")
    page = write_page(subject, place.host.language, random, series)
    return SamplePage(place, page, page_address(place, index, page.title, random), place.section.kind)


def _contaminated(seed: int, index: int, random: Random, short: bool) -> SamplePage:
    item = random.choice(planted_items(seed, short))
    place = draw_place(random, item.language, "math")
    subject = random.choice(place.section.subjects)
    page = plant(write_page(subject, place.host.language, random), item, random)
    url = page_address(place, index, page.title, random)
    return SamplePage(place, page, url, place.section.kind, contaminated_with=item.name)


def encode_page(page: SamplePage, seed: int) -> bytes:
    """The page's HTML in its site's charset. A page fetched twice has the same bytes both times."""
    host = page.place.host
    sections = tuple(dict.fromkeys(section.prefix for section in host.sections))
    frame = Frame(host.title, host.language, host.platform, host.markup, host.charset, sections)
    html = render_page(page.page, frame, page.url, Random(f"{seed}:frame:{page.url}"))
    return html.encode(host.charset, errors="xmlcharrefreplace")


def _seed_row(page: SamplePage, fetch: Fetch) -> dict[str, str] | None:
    """A row in OpenWebMath's schema for an original mathematical page of a seeded site."""
    host = page.place.host
    if not host.seeded or page.place.section.label != "math" or page.duplicate_of or page.contaminated_with:
        return None
    metadata = json.dumps({"site": host.name, "kind": page.kind})
    return {"url": page.url, "text": page_text(page.page), "date": fetch.date, "metadata": metadata}

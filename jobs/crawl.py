"""python -m jobs.crawl --crawl open --input FOLDER: the WARC files of one crawl, with sizes and checksums.

Three inputs: `sample` (the lake's own sample), a folder of WARC or ARC files, or `commoncrawl` (by HTTPS, resumable,
polite). Files of a folder stay where they are; fetched files stay in --downloads.
"""

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from tqdm import tqdm

from jobs.lake.catalog import Lake
from jobs.lake.datasets import CRAWL, SAMPLE, Address
from jobs.lake.settings import Location
from jobs.lake.stage import Run, Stage, StageError, StageSettings, main, sampled_digest
from jobs.lake.tables import CRAWL as SCHEMA
from jobs.web.common_crawl import CommonCrawl, Progress, fetch_common_crawl
from jobs.web.crawl_sources import CommonCrawlError

ENDINGS = (".warc", ".warc.gz", ".warc.zst", ".arc", ".arc.gz")
SAMPLE_INPUT, COMMON_CRAWL = "sample", "commoncrawl"
CHUNK_BYTES = 1 << 20
DOWNLOADS = "downloads"
PROGRESS_SECONDS = 10.0


@dataclass(frozen=True)
class Crawl(StageSettings):
    """List a crawl's WARC files with sizes and checksums, fetching them first where they are not here."""

    crawl: str = "sample"
    """Name of this crawl in the lake; for Common Crawl its id, such as CC-MAIN-2026-43."""
    input: Location = SAMPLE_INPUT
    """`sample`, `commoncrawl`, or a folder of WARC files."""
    segments: int = 1
    """Common Crawl: how many segments to fetch (a snapshot has 100, of about 800 files of 1 GB each)."""
    files_per_segment: int = 0
    """Common Crawl: files to fetch of each segment; 0: all."""
    base_url: str = CommonCrawl.base
    """Common Crawl: where it is served; s3://commoncrawl/ works too."""
    requests_per_second: float = CommonCrawl.requests_per_second
    """Common Crawl: the one rate that all downloads share."""
    downloads: Location = ""
    """Common Crawl: folder for fetched files, which a rerun goes on with (default: downloads/ in the lake's folder)."""


def reads(settings: Crawl, lake: Lake) -> list[Address]:
    return [SAMPLE.at(settings.version)] if settings.input == SAMPLE_INPUT else []


def sources(settings: Crawl) -> dict[str, str]:
    """A folder's files count by content; the snapshot of Common Crawl by its id, which never changes; the lake's sample
    is an input of its own."""
    if settings.input == SAMPLE_INPUT:
        return {}
    if settings.input == COMMON_CRAWL:
        return {COMMON_CRAWL: settings.crawl}
    return {"warc": sampled_digest(warc_files(settings.input))}


def warc_files(folder: str) -> list[Path]:
    """All WARC and ARC files below a folder, sorted. Raises StageError where there is none."""
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise StageError(
            f"crawl: --input {folder!r} is not a folder; give a folder of WARC files, 'sample' or 'commoncrawl'"
        )
    found = sorted(p for p in root.rglob("*") if p.is_file() and p.name.endswith(ENDINGS))
    if not found:
        held = sorted(p.name for p in root.iterdir())[:5]
        raise StageError(
            f"crawl: no WARC file in {root.resolve()}: looked for names ending in {', '.join(ENDINGS)}; "
            f"it holds {', '.join(held) or 'nothing'}"
        )
    return found


def crawl(settings: Crawl, run: Run) -> None:
    if settings.input == SAMPLE_INPUT:
        rows = sample_rows(settings, run)
    else:
        fetched = settings.input == COMMON_CRAWL
        paths = fetch(settings, run) if fetched else warc_files(settings.input)
        origin = f"{settings.base_url}crawl-data/{settings.crawl}" if fetched else str(Path(settings.input).resolve())
        rows = [file_row(p, origin) for p in tqdm(paths, "checksums", unit="file", mininterval=10, disable=None)]
    run.count_in(len(rows))
    run.output(CRAWL).write_table("part-00000.parquet", pa.Table.from_pylist(rows, SCHEMA))


def fetch(settings: Crawl, run: Run) -> list[Path]:
    """Common Crawl's files, on this machine. Raises StageError where the server or a setting will not have it."""
    if not settings.downloads and not run.lake.storage.is_local:
        raise StageError(
            f"crawl: the lake {run.lake.root} is an object store; say with --downloads which folder, seen by all Spark "
            "workers, takes the fetched WARC files"
        )
    folder = Path(settings.downloads or run.lake.storage.path(DOWNLOADS)) / settings.crawl
    last = [float("-inf")]

    def tell(progress: Progress) -> None:
        if time.monotonic() - last[0] >= PROGRESS_SECONDS:
            last[0] = time.monotonic()
            done, total = progress.bytes_done / 1e6, progress.bytes_total / 1e6
            files = f"{progress.files_done} of {progress.files_total} files"
            run.log(f"{files}, {progress.path}: {done:,.0f} of {total:,.0f} MB")

    try:
        snapshot = CommonCrawl(
            settings.crawl, segments=settings.segments, files_per_segment=settings.files_per_segment,
            base=settings.base_url, requests_per_second=settings.requests_per_second,
        )  # fmt: skip
        return [fetched.file for fetched in fetch_common_crawl(snapshot, folder, tell)]
    except (CommonCrawlError, ValueError) as error:
        raise StageError(f"crawl: {error}") from error


def sample_rows(settings: Crawl, run: Run) -> list[dict[str, object]]:
    address = SAMPLE.at(settings.version)
    return [
        {"path": f"lake:{address.folder}/{f.name}", "bytes": f.bytes, "digest": f.sha256, "origin": str(address)}
        for f in run.input(address).files
        if f.name.endswith(ENDINGS)
    ]


def file_row(path: Path, origin: str) -> dict[str, object]:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return {"path": str(path.resolve()), "bytes": path.stat().st_size, "digest": digest.hexdigest(), "origin": origin}


STAGE = Stage(
    Crawl, crawl, writes=lambda settings: [CRAWL.at(settings.version, settings.crawl)], reads=reads, sources=sources
)

if __name__ == "__main__":
    main(STAGE)

"""How much of damaged crawl files the reader recovers, against a manifest of what stands in them.

    python benchmarks/warc.py DIR             every file that DIR/manifest.json names, each in a process of its own
    python benchmarks/warc.py DIR --peers     the same for warcio and FastWARC alone, as a table

The manifest gives for each file `must_read` and `may_read` (url and sha1 of the payload), `must_count` (kind of damage,
with url, offset, records where they are known), `must_not_read` (addresses), `text_holds` and `never` (memory_mb,
seconds). A page that the reader marks as truncated does not count as read whole. Exit status 1 if anything is missed.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from multiprocessing.connection import Connection
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, from any folder

from jobs.web.warc_records import Rejected, read_warc

GRACE = 2.0
"""A process is ended at this many times the seconds the manifest allows."""
HEADS = ("reader", "recovered", "counted", "wrong as whole", "files failed", "worst MB", "worst s")
"""failed: an error, or over the memory or time that the manifest allows."""


@dataclass(frozen=True)
class Page:
    """A payload that a reader passed on; `holds` are the strings of `text_holds` found in it."""

    url: str
    sha1: str
    whole: bool = True
    holds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Count:
    """Something the reader counted, at a place in the file where it knows one."""

    kind: str
    url: str
    offset: int
    length: int


@dataclass(frozen=True)
class Reading:
    """What one process made of one file."""

    pages: tuple[Page, ...] = ()
    counts: tuple[Count, ...] = ()
    error: str = ""
    memory_mb: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True)
class Verdict:
    """One file against the manifest."""

    name: str
    recovered: int
    asked: int
    missing: tuple[str, ...]
    uncounted: tuple[str, ...]
    to_count: int
    wrong: tuple[str, ...]
    failures: tuple[str, ...]
    memory_mb: float
    seconds: float


Found = Iterator[Page | Count]
Reader = Callable[[Path, Sequence[str]], Found]


def read_product(path: Path, holds: Sequence[str]) -> Found:
    """Pages and counts of `jobs.web.warc_records`."""
    for found in read_warc(path):
        if isinstance(found, Rejected):
            yield Count(found.reason, found.url, found.warc_offset, found.warc_length)
            continue
        for note in found.notes:
            yield Count(note.kind, found.url, found.warc_offset, found.warc_length)
        yield Page(
            found.url, found.payload_sha1, not found.truncated, tuple(text for text in holds if text in found.html)
        )


def read_warcio(path: Path, holds: Sequence[str]) -> Found:
    """warcio as its documentation shows it; a payload that it cannot decode costs that record only."""
    from warcio.archiveiterator import ArchiveIterator

    with path.open("rb") as stream:
        for record in ArchiveIterator(stream, arc2warc=True):
            if record.rec_type in ("response", "resource"):
                yield from _decoded(record.rec_headers.get_header("WARC-Target-URI"), record.content_stream)


def read_fastwarc(path: Path, holds: Sequence[str]) -> Found:
    """FastWARC with HTTP parsing and decoding; a payload that it cannot decode costs that record only."""
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    kinds = WarcRecordType.response | WarcRecordType.resource
    with path.open("rb") as stream:
        for record in ArchiveIterator(stream, record_types=kinds, parse_http=True, auto_decode="all"):
            yield from _decoded(record.headers.get("WARC-Target-URI"), partial(getattr, record, "reader"))


def _decoded(url: str | None, payload: Callable[[], BinaryIO]) -> Found:
    try:
        yield Page(url or "", _sha1(payload().read()))
    except (OSError, ValueError, AttributeError):
        return


READERS: dict[str, Reader] = {"MathQuarry": read_product, "warcio": read_warcio, "FastWARC": read_fastwarc}
PEERS = {"warcio": "warcio", "FastWARC": "fastwarc"}
"""The packages they need."""


def _sha1(payload: bytes) -> str:
    return hashlib.sha1(payload, usedforsecurity=False).hexdigest()


def watch(reader: Reader, path: Path, holds: Sequence[str], seconds: float) -> Reading:
    """Run a reader over one file in a process of its own; what it gave before an error counts."""
    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_child, args=(reader, path, holds, there))
    process.start()
    there.close()
    reading = Reading(error=f"ended after {GRACE * seconds:g} s", seconds=GRACE * seconds)
    try:
        if here.poll(GRACE * seconds):
            reading = here.recv()
    except EOFError:
        reading = Reading(error="the process died")
    process.kill()
    process.join()
    return reading


def _child(reader: Reader, path: Path, holds: Sequence[str], there: Connection) -> None:
    pages: list[Page] = []
    counts: list[Count] = []
    error = ""
    begun = time.perf_counter()
    if reader is not read_product:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115  (warcio writes a warning for every odd record)
    try:
        for found in reader(path, holds):
            if isinstance(found, Page):
                pages.append(found)
            else:
                counts.append(found)
    except Exception as failure:  # whatever a reader raises is what is measured here
        error = f"{type(failure).__name__}: {failure}"[:200]
    seconds = time.perf_counter() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    there.send(Reading(tuple(pages), tuple(counts), error, memory, seconds))


@dataclass(frozen=True)
class Asked:
    """What the manifest says of one file."""

    must_read: tuple[tuple[str, str], ...]
    may_read: tuple[tuple[str, str], ...]
    must_count: tuple[dict, ...] = ()
    must_not_read: frozenset[str] = frozenset()
    text_holds: tuple[str, ...] = ()
    memory_mb: float = 400
    seconds: float = 20


def address(url: str) -> str:
    """Addresses compare after removing `<>` and percent-decoding."""
    return unquote(url.strip().removeprefix("<").removesuffix(">"))


def read_manifest(folder: Path) -> dict[str, Asked]:
    """File name -> what is asked of it. Raises OSError or ValueError if there is no such manifest."""
    files = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    asked = {}
    for name, entry in files.items():
        never = entry.get("never") or {}
        asked[name] = Asked(
            must_read=tuple((address(row["url"]), row["sha1"]) for row in entry["must_read"]),
            may_read=tuple((address(row["url"]), row["sha1"]) for row in entry.get("may_read") or ()),
            must_count=tuple(entry.get("must_count") or ()),
            must_not_read=frozenset(address(url) for url in entry.get("must_not_read") or ()),
            text_holds=tuple(entry.get("text_holds") or ()),
            memory_mb=never.get("memory_mb", 400),
            seconds=never.get("seconds", 20),
        )
    return asked


def judge(name: str, asked: Asked, reading: Reading) -> Verdict:
    """Hold one reading against the manifest."""
    left = Counter((address(page.url), page.sha1) for page in reading.pages if page.whole)
    missing = []
    for wanted in asked.must_read:
        if left[wanted]:
            left[wanted] -= 1
        else:
            missing.append(wanted[0])
    allowed = set(asked.must_read) | set(asked.may_read)
    wrong = [url for (url, sha1), number in left.items() if number and (url, sha1) not in allowed]
    wrong += [page.url for page in reading.pages if address(page.url) in asked.must_not_read]
    held = {text for page in reading.pages for text in page.holds}
    failures = [f"text not found: {text[:40]}" for text in asked.text_holds if text not in held]
    failures += [reading.error] if reading.error else []
    if reading.memory_mb > asked.memory_mb:
        failures.append(f"{reading.memory_mb:.0f} MB of {asked.memory_mb:g}")
    if reading.seconds > asked.seconds:
        failures.append(f"{reading.seconds:.1f} s of {asked.seconds:g}")
    return Verdict(
        name=name,
        recovered=len(asked.must_read) - len(missing),
        asked=len(asked.must_read),
        missing=tuple(missing),
        uncounted=tuple(entry["kind"] for entry in asked.must_count if not _is_counted(entry, reading.counts)),
        to_count=len(asked.must_count),
        wrong=tuple(wrong),
        failures=tuple(failures),
        memory_mb=reading.memory_mb,
        seconds=reading.seconds,
    )


def _is_counted(entry: dict, counts: Sequence[Count]) -> bool:
    """By kind, and as often as asked; where the manifest has a place and an address, at least one of them fits."""
    fitting = 0
    for count in counts:
        if count.kind != entry["kind"]:
            continue
        at = entry.get("offset")
        here = at is not None and count.offset <= at < count.offset + max(count.length, 1)
        named = entry.get("url") is not None and address(count.url) == address(entry["url"])
        fitting += here or named or (at is None and entry.get("url") is None)
    return fitting >= entry.get("records", 1)


def run(reader: str, folder: Path, asked: dict[str, Asked]) -> list[Verdict]:
    """Every file of the manifest through one reader."""
    verdicts = []
    for name, wanted in asked.items():
        if not (folder / name).is_file():
            verdicts.append(judge(name, wanted, Reading(error="no such file")))
            continue
        if reader in PEERS:
            wanted = replace(wanted, text_holds=())  # they give bytes, not text
        reading = watch(READERS[reader], folder / name, wanted.text_holds, wanted.seconds)
        verdicts.append(judge(name, wanted, reading))
    return verdicts


def summary(verdicts: Sequence[Verdict]) -> str:
    """What was recovered, and everything that was not."""
    to_count = sum(v.to_count for v in verdicts)
    uncounted = Counter(kind for v in verdicts for kind in v.uncounted)
    lines = [
        f"recovered {sum(v.recovered for v in verdicts)} of {sum(v.asked for v in verdicts)}",
        f"damages counted {to_count - uncounted.total()} of {to_count}",
    ]
    lines += [f"  not counted: {kind} {number}" for kind, number in sorted(uncounted.items())]
    for verdict in verdicts:
        lines += [f"  {verdict.name}: missing {url}" for url in verdict.missing]
        lines += [f"  {verdict.name}: passed as whole, and is not: {url}" for url in verdict.wrong]
        lines += [f"  {verdict.name}: {failure}" for failure in verdict.failures]
    lines.append(f"must not be read, or wrong as whole: {sum(len(v.wrong) for v in verdicts)}")
    biggest = max(verdicts, key=lambda v: v.memory_mb)
    slowest = max(verdicts, key=lambda v: v.seconds)
    lines.append(
        f"worst memory {biggest.memory_mb:.0f} MB ({biggest.name}), worst time {slowest.seconds:.2f} s ({slowest.name})"
    )
    return "\n".join(lines)


def table(results: dict[str, list[Verdict]]) -> str:
    """A Markdown table, one row a reader."""
    rows = [HEADS, tuple("---" for _ in HEADS)]
    for reader, verdicts in results.items():
        asked, to_count = sum(v.asked for v in verdicts), sum(v.to_count for v in verdicts)
        rows.append((
            reader,
            f"{sum(v.recovered for v in verdicts)} of {asked}",
            f"{to_count - sum(len(v.uncounted) for v in verdicts)} of {to_count}",
            str(sum(len(v.wrong) for v in verdicts)),
            str(sum(bool(v.failures) for v in verdicts)),
            f"{max(v.memory_mb for v in verdicts):.0f}",
            f"{max(v.seconds for v in verdicts):.2f}",
        ))  # fmt: skip
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="files and their manifest.json")
    parser.add_argument("--peers", action="store_true", help="read with warcio and FastWARC too")
    options = parser.parse_args(arguments)
    try:
        asked = read_manifest(options.folder)
    except (OSError, ValueError, KeyError) as error:
        parser.error(f"{options.folder} has no manifest.json of the form above: {error!r}")
    if not asked:
        parser.error(f"{options.folder}/manifest.json names no file")
    results = {"MathQuarry": run("MathQuarry", options.folder, asked)}
    print(summary(results["MathQuarry"]))
    for peer, package in PEERS.items() if options.peers else ():
        if find_spec(package) is None:
            print(f"{peer} is left out: the package {package} is not installed")
            continue
        results[peer] = run(peer, options.folder, asked)
    if options.peers:
        print(table(results))
    product = results["MathQuarry"]
    return int(any(v.missing or v.uncounted or v.wrong or v.failures for v in product))


if __name__ == "__main__":
    sys.exit(main())

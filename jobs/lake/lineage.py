"""Where something in the lake came from: `python -m jobs.lake.lineage evaluations/v1/stage=grpo` prints the chain down
to the WARC files.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from jobs.lake.catalog import Lake, LakeError
from jobs.lake.datasets import CRAWL, Address, parse_address
from jobs.lake.manifest import Manifest
from jobs.lake.settings import RunOptions, parse

OUTSIDE = "file:"


@dataclass(frozen=True)
class Lineage:
    """Print where a dataset came from, down to the WARC files; an input that changed since is marked."""

    address: str
    """Address in the lake, such as evaluations/v1/stage=grpo."""
    files: bool = True
    """Name the WARC files at the end of the chain."""


@dataclass(frozen=True)
class Link:
    """One line of the chain: how deep, what, and what is to be said of it."""

    depth: int
    text: str


def chain(lake: Lake, address: Address, files: bool = True) -> Iterator[Link]:
    """The address, then its inputs depth first; what was shown before is only named. Raises LakeError if unfinished."""
    yield from _links(lake, address, lake.require(address, "lineage"), 0, files, set())


def _links(lake: Lake, address: Address, manifest: Manifest, depth: int, files: bool, seen: set[str]) -> Iterator[Link]:
    made = f"{manifest.rows:,} rows" if manifest.rows else f"{len(manifest.files)} files"
    yield Link(depth, f"{address}  {manifest.fingerprint}  {made}, {manifest.finished_at}, {manifest.provenance.stage}")
    if str(address) in seen:
        if manifest.provenance.inputs:
            yield Link(depth + 1, "(its inputs stand above)")
        return
    seen.add(str(address))
    if files and address.dataset is CRAWL:
        for row in lake.read_table(address, ["path", "bytes", "digest"]).to_pylist():
            yield Link(depth + 1, f"WARC {row['path']}  {row['bytes']:,} bytes  sha256 {row['digest'][:16]}")
    for name, fingerprint in manifest.provenance.inputs.items():
        if name.startswith(OUTSIDE):
            yield Link(depth + 1, f"{name[len(OUTSIDE) :]}  {fingerprint}  outside the lake")
            continue
        below = parse_address(name)
        found = lake.find(below)
        if found is None:
            yield Link(depth + 1, f"{name}  {fingerprint}  no longer there")
        elif found.fingerprint != fingerprint:
            yield Link(depth + 1, f"{name}  {fingerprint}  REPLACED since: now {found.fingerprint}")
        else:
            yield from _links(lake, below, found, depth + 1, files, seen)


def main() -> int:
    settings, options = parse(_flags(sys.argv[1:]), "python -m jobs.lake.lineage", Lineage, RunOptions)
    try:
        for link in chain(Lake(options.lake), parse_address(settings.address), settings.files):
            print("  " * link.depth + link.text)
    except (LakeError, ValueError) as error:
        print(f"lineage: {error}", file=sys.stderr)
        return 2
    return 0


def _flags(words: list[str]) -> list[str]:
    """The address may stand alone, without its flag."""
    return ["--address", *words] if words and not words[0].startswith("-") else words


if __name__ == "__main__":
    raise SystemExit(main())

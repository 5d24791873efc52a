"""python -m jobs.changes --version v2: what changed from the corpus before to this one, as rows, page and JSON.

Pages and tokens that came, went (by reason) or have other words now; by domain, crawl and source. Left out on purpose:
the texts. Rows that changed are in the dataset, so that any other question can be asked of them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from jobs import runner, spark_tables
from jobs.lake.catalog import Lake
from jobs.lake.datasets import CHANGES, CONTAMINATION, CORPUS, DEDUPED, MATH_PAGES, SHARDS, SIGNATURES, Address
from jobs.lake.manifest import Manifest
from jobs.lake.settings import SettingsError
from jobs.lake.stage import Stage, StageError
from jobs.lake.token_shards import INFO
from jobs.page_changes import page_changes
from jobs.report import changes as report
from jobs.report.changes import Group, Size, Source
from jobs.report.rendering import TEMPLATES
from jobs.versions import base_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

PAGE, SUMMARY = "index.html", "summary.json"
SHOWN_DOMAINS = 100


@dataclass(frozen=True)
class Changes(runner.SparkSettings):
    """Compare a corpus with the one before."""

    before: str = ""
    """Version to compare with; empty: the one that this version goes on from (see jobs.math_pages --base)."""

    def __post_init__(self) -> None:
        if self.before == self.version:
            raise SettingsError(f"--before {self.before}: a version does not differ from itself")


def version_before(settings: Changes, lake: Lake) -> str:
    """Raises StageError where there is none to compare with."""
    before = settings.before or base_of(lake, settings.version)
    if not before:
        raise StageError(f"changes: {settings.version} goes on from no other version; name one with --before VERSION")
    return before


def reads(settings: Changes, lake: Lake) -> list[Address]:
    versions = [version_before(settings, lake), settings.version]
    compared = [dataset.at(v) for v in versions for dataset in (CORPUS, SIGNATURES)]
    reasons = [dataset.at(settings.version) for dataset in (MATH_PAGES, DEDUPED, CONTAMINATION)]
    return [*compared, *reasons, *(a for v in versions for a in lake.finished(SHARDS, v))]


def sources(settings: Changes) -> dict[str, str]:
    """The templates: another look is another report."""
    digest = sha256(b"".join(path.read_bytes() for path in sorted(TEMPLATES.iterdir())))
    return {"templates": digest.hexdigest()[:16]}


def changes(settings: Changes, run: runner.SparkRun) -> None:
    before = version_before(settings, run.lake)
    run.write(CHANGES, page_changes(run, before, settings.version), key="page_id")
    output = run.output(CHANGES)
    written = Manifest(str(output.address), output.provenance, rows=0, size=0, files=tuple(output.files))
    rows = spark_tables.read(run.spark, run.lake, [output.address], [written])
    kinds = grouped(rows, "reason")
    domains = grouped(rows, "domain")
    figures = report.Changes(
        before, settings.version, size_of(run, before), size_of(run, settings.version), kinds,
        tuple(sorted(domains, key=lambda g: (-abs(g.gain), -g.tokens, g.name, g.change))[:SHOWN_DOMAINS]),
        len({g.name for g in domains}), grouped(rows, "crawl"), shard_sources(run, before, settings.version),
    )  # fmt: skip
    output.write(PAGE, report.page(figures))
    output.write_json(SUMMARY, report.summary(figures))
    for group in kinds:
        name = " ".join(filter(None, [group.change, group.name]))
        run.figure(name, {"pages": group.pages, "tokens_before": group.tokens_before, "tokens": group.tokens})
        run.log(f"{name}: {group.pages:,} pages, {group.gain:+,} tokens")
    run.log(f"report: {run.lake.storage.address(output.name(PAGE))}")


def grouped(rows: "DataFrame", column: str) -> tuple[Group, ...]:
    """Sums by a column and the change, in order."""
    from pyspark.sql import functions as f

    sums = rows.groupBy(f.col(column).alias("name"), "change").agg(
        f.count("page_id").alias("pages"),
        f.sum("tokens_before").alias("tokens_before"),
        f.sum("tokens").alias("tokens"),
    )
    return tuple(sorted((Group(**row) for row in sums.toArrow().to_pylist()), key=lambda g: (g.change, g.name)))


def size_of(run: runner.SparkRun, version: str) -> Size:
    from pyspark.sql import functions as f

    address = CORPUS.at(version)
    manifest = run.input(address)
    tokens = spark_tables.read(run.spark, run.lake, [address], [manifest], ["tokens"]).agg(f.sum("tokens")).first()
    return Size(manifest.rows, int(tokens[0] or 0) if tokens else 0)


def shard_sources(run: runner.SparkRun, before: str, version: str) -> tuple[Source, ...]:
    """The tokens of each source in both versions, as far as they have shards."""
    was, now = (shard_tokens(run.lake, run.lake.finished(SHARDS, v)) for v in (before, version))
    return tuple(Source(name, was.get(name), now.get(name)) for name in sorted(was.keys() | now.keys()))


def shard_tokens(lake: Lake, shards: Sequence[Address]) -> dict[str, int]:
    return {a.part: int(json.loads(lake.storage.read(f"{a.folder}/{INFO}"))["tokens"]) for a in shards}


STAGE = Stage(Changes, changes, writes=lambda s: [CHANGES.at(s.version)], reads=reads, sources=sources)

if __name__ == "__main__":
    runner.run(STAGE)

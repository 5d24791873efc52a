"""Keeps out the pages of what has left (jobs.lake.removals): in Spark frames, in plain rows, in what a report shows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from jobs.lake.catalog import Lake
from jobs.lake.datasets import REMOVALS, Address, parse_address
from jobs.lake.removals import BY_DOMAIN, BY_URL, Removal, active, read_state
from jobs.lake.stage import Run
from jobs.web.urls import canonical_url, registrable_domain

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True)
class RemovedPages:
    """What has left, as a question to ask of a page."""

    domains: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    """Canonical URLs."""

    @classmethod
    def after(cls, decisions: Iterable[Removal]) -> "RemovedPages":
        targets = active(decisions)
        return cls(*(frozenset(value for kind, value in targets if kind == k) for k in (BY_DOMAIN, BY_URL)))

    @classmethod
    def of(cls, run: Run) -> "RemovedPages":
        """By the list that is an input of this run; nothing where there is none."""
        lists = [a for a in map(parse_address, run.inputs) if a.dataset is REMOVALS]
        return cls.after(read_state(run.lake, lists[0])) if lists else cls()

    def __bool__(self) -> bool:
        return bool(self.domains or self.addresses)

    def covers(self, url: str) -> bool:
        """Whether the page at this URL, or its whole domain, has left."""
        return bool(self) and (registrable_domain(url) in self.domains or canonical_url(url) in self.addresses)


def without_removed(run: Run, frame: "DataFrame") -> "DataFrame":
    """The rows of a frame with `url` and `domain` whose pages have not left."""
    from pyspark.sql import functions as f

    removed = RemovedPages.of(run)
    if removed.domains:
        frame = frame.where(~f.col("domain").isin(*removed.domains))
    if removed.addresses:
        domains, addresses = {registrable_domain(a) for a in removed.addresses}, removed.addresses

        # Only the two columns leave the JVM: texts stay where they are.
        @f.arrow_udf("boolean")  # type: ignore[call-overload, untyped-decorator, unused-ignore]
        def stays(urls: pa.Array, of_domains: pa.Array) -> pa.Array:
            pairs = zip(urls.to_pylist(), of_domains.to_pylist(), strict=True)
            return pa.array([d not in domains or canonical_url(url) not in addresses for url, d in pairs], pa.bool_())

        frame = frame.where(stays("url", "domain"))
    return frame


def seeds_without_removed(run: Run, seeds: pa.Table) -> pa.Table:
    """The same for a table with `url` that did not come from the crawl; counts what goes."""
    removed = RemovedPages.of(run)
    kept = seeds.filter(pa.array([not removed.covers(url) for url in seeds["url"].to_pylist()], pa.bool_()))
    run.drop("removed", seeds.num_rows - kept.num_rows)
    return kept


@dataclass(frozen=True)
class ShownLake(Lake):
    """A lake for reports: rows that name a page or a domain that has left are not read, whenever they were written."""

    removed: RemovedPages = RemovedPages()

    def read_batches(
        self, address: Address, columns: list[str] | None = None, reader: str = "read"
    ) -> Iterator[pa.RecordBatch]:
        for batch in super().read_batches(address, columns, reader):
            yield batch.filter(pa.array(list(map(self._shown, _named(batch))), pa.bool_())) if self.removed else batch

    def _shown(self, named: tuple[str, str]) -> bool:
        url, domain = named
        return domain not in self.removed.domains and not (url and self.removed.covers(url))


def _named(batch: pa.RecordBatch) -> Iterator[tuple[str, str]]:
    """(url, domain) of each row, '' for a column that is not there."""
    empty = [""] * batch.num_rows
    columns = [batch.column(c).to_pylist() if c in batch.schema.names else empty for c in ("url", "domain")]
    yield from zip(*columns, strict=True)

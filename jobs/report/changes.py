"""What changed from one corpus to the next, as a page and as JSON, from one set of figures."""

from dataclasses import asdict, dataclass

from jobs.lake.settings import JsonValue
from jobs.report.rendering import render


@dataclass(frozen=True)
class Group:
    """Pages that changed alike."""

    name: str
    change: str
    """added, changed, fetched_again or removed."""
    pages: int
    tokens_before: int
    tokens: int

    @property
    def gain(self) -> int:
        return self.tokens - self.tokens_before


@dataclass(frozen=True)
class Source:
    """Tokens of one source of the training mixture, None where a version has no shards of it."""

    source: str
    tokens_before: int | None
    tokens: int | None


@dataclass(frozen=True)
class Size:
    pages: int
    tokens: int


@dataclass(frozen=True)
class Changes:
    """All figures of the report."""

    before: str
    version: str
    size_before: Size
    size: Size
    kinds: tuple[Group, ...]
    """By change; `name` is the reason of removed pages, '' for others."""
    domains: tuple[Group, ...]
    """By domain and change, those with most tokens first."""
    domain_count: int
    """Domains with a change, shown or not."""
    crawls: tuple[Group, ...]
    sources: tuple[Source, ...]


def summary(changes: Changes) -> JsonValue:
    return asdict(changes)


def page(changes: Changes) -> bytes:
    """The HTML page: everything in it is escaped, as domains come from the crawl."""
    return render("changes.html.jinja", changes=changes)

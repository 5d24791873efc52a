"""Shares of recalled pages: how sure they are, which make a domain mathematical, where they differ within one (2.1)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt

from jobs.web.urls import url_prefixes

SURE = 1.959964  # standard deviations: an interval of 95%


def share_interval(recalled: int, pages: int) -> tuple[float, float]:
    """Between what and what the share of a whole site lies, of which `pages` pages were seen: 95% Wilson interval.

    It stays within 0 and 1 and says something at 0 or all of few pages (Wilson 1927; Brown, Cai and DasGupta 2001,
    "Interval estimation for a binomial proportion"). It takes the crawl's pages for a random sample of the site's.
    (0, 1) where no page was seen.
    """
    if not pages:
        return 0.0, 1.0
    share, square = recalled / pages, SURE * SURE / pages
    middle = share + square / 2
    reach = sqrt(square * (share * (1 - share) + square / 4))
    return max(0.0, (middle - reach) / (1 + square)), min(1.0, (middle + reach) / (1 + square))


def is_mathematical(pages: int, recalled: int, above_share: float, min_pages: int) -> bool:
    """More than 10% of a domain's pages recalled (paper 2.1), among enough pages for a share to mean something.

    The share alone decides, as in the paper: a domain that is called mathematical by chance costs a reviewer one look,
    one that is missed costs its pages. How sure it is the interval tells, and a rule may ask for `share_low`.
    """
    return pages >= min_pages and recalled > above_share * pages


def expected_tokens(missed_tokens: int, share: float) -> int:
    """Tokens that approval should bring: what was missed, times the share recalled.

    The estimate says that mathematics is as frequent among the pages that recall missed as recall found it among all.
    """
    return round(missed_tokens * share)


@dataclass(frozen=True)
class Prefix:
    """Pages of the crawl below a URL prefix (host and path, no scheme)."""

    prefix: str
    pages: int
    recalled: int
    missed_tokens: int
    """Tokens of those that were not recalled."""
    samples: tuple[str, ...]

    @property
    def share(self) -> float:
        return self.recalled / self.pages

    @property
    def expected_tokens(self) -> int:
        return expected_tokens(self.missed_tokens, self.share)


@dataclass
class _Node:
    pages: int = 0
    recalled: int = 0
    missed_tokens: int = 0
    missed_urls: list[str] = field(default_factory=list)
    recalled_urls: list[str] = field(default_factory=list)
    children: set[str] = field(default_factory=set)

    def differs_from(self, above: "_Node", by: float) -> bool:
        """Its share is not that of the rest of `above`, by enough to matter and by more than chance would do."""
        if abs(self.recalled / self.pages - above.recalled / above.pages) < by or self.pages == above.pages:
            return False
        low, high = share_interval(self.recalled, self.pages)
        return not low <= (above.recalled - self.recalled) / (above.pages - self.pages) <= high


def prefix_tree(
    pages: Sequence[tuple[str, bool, int]], min_pages: int, differs_by: float, samples: int = 5
) -> list[Prefix]:
    """The prefixes of one domain that a person should judge apart, those with most to gain first.

    pages: (URL, recalled, tokens) of all its pages. Every host is listed; below it a prefix is listed where it holds
    min_pages pages, its share of recalled pages differs by at least `differs_by` from that of the nearest listed prefix
    above it, and its interval leaves out the share of what else lies below that one: in a large site of many small
    sections some differ by chance. Samples are URLs in alphabetical order, not recalled ones first: those would join
    the seed.
    """
    nodes, hosts = _count_prefixes(sorted(pages), samples)
    listed: list[Prefix] = []
    waiting: list[tuple[str, _Node | None]] = [(host, None) for host in hosts]
    while waiting:
        name, above = waiting.pop()
        node = nodes[name]
        if above is None or node.differs_from(above, differs_by):
            urls = (node.missed_urls + node.recalled_urls)[:samples]
            listed.append(Prefix(name, node.pages, node.recalled, node.missed_tokens, tuple(urls)))
            above = node
        waiting += [(child, above) for child in node.children if nodes[child].pages >= min_pages]
    return sorted(listed, key=lambda p: (-p.expected_tokens, p.prefix))


def _count_prefixes(pages: Sequence[tuple[str, bool, int]], samples: int) -> tuple[dict[str, _Node], set[str]]:
    nodes: dict[str, _Node] = {}
    hosts: set[str] = set()
    for url, recalled, tokens in pages:
        chain = url_prefixes(url)
        hosts.update(chain[:1])
        for depth, name in enumerate(chain):
            node = nodes.setdefault(name, _Node())
            node.pages += 1
            node.recalled += recalled
            node.missed_tokens += 0 if recalled else tokens
            urls = node.recalled_urls if recalled else node.missed_urls
            if len(urls) < samples:
                urls.append(url)
            if depth:
                nodes[chain[depth - 1]].children.add(name)
    return nodes, hosts

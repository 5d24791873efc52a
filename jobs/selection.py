"""The rules that choose: which pages a round keeps, which domains are mathematical, when rounds end (paper 2.1)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from jobs.web.urls import url_prefixes

ROUND_LIMIT = 4  # the paper stopped after four rounds
SATURATED_AT = 0.02  # paper: in round 4 about 98% of the pages had been collected in round 3
AFTER_ALL_IDS = "~"  # sorts after every page id: those are hex digits
SCORE_BINS = 10_000  # bins that the token budget is first cut by: fine enough for the cut bin to fit in memory


@dataclass(frozen=True)
class Ranked:
    """A page's place in the ranking: higher scores first, ties by page id, so that equal scores always cut alike."""

    score: float
    page_id: str
    tokens: int

    @property
    def rank(self) -> tuple[float, str]:
        return (-self.score, self.page_id)


@dataclass(frozen=True)
class Cut:
    """Where the ranking ends: the last page kept. All pages above `score`, and at `score` those up to `page_id`."""

    score: float
    page_id: str = ""
    binding: bool = False
    """The token budget ended the ranking, not the minimum score."""

    @classmethod
    def at_score(cls, score: float) -> "Cut":
        """Keep every page of at least this score."""
        return cls(score, AFTER_ALL_IDS)


def score_bin(score: float) -> int:
    """The bin of a score in 0..SCORE_BINS - 1."""
    return min(SCORE_BINS - 1, max(0, int(score * SCORE_BINS)))


def budget_bin(tokens_by_bin: Mapping[int, int], budget: int) -> tuple[int, int] | None:
    """The bin in which a budget of tokens runs out, and what of the budget is left for it; None where all fits."""
    left = budget
    for index in sorted(tokens_by_bin, reverse=True):
        if tokens_by_bin[index] > left:
            return index, left
        left -= tokens_by_bin[index]
    return None


def cut_within(pages: Iterable[Ranked], left: int) -> Cut:
    """The cut among all pages of one bin, at least one, with `left` tokens to spend.

    The first page that does not fit ends the ranking: a smaller one further down never overtakes it.
    """
    ranking = sorted(pages, key=lambda p: p.rank)
    cut = Cut(ranking[0].score, "", binding=True)  # none of this bin
    for page in ranking:
        if page.tokens > left:
            return cut
        left -= page.tokens
        cut = Cut(page.score, page.page_id, binding=True)
    return cut


def mathematical_share(pages_by_bin: Mapping[int, int], steps: int = 200) -> float:
    """The share of a crawl that is mathematics, estimated from scores alone.

    The classifier learned from as many positives as negatives, so its scores are probabilities for a crawl that is half
    mathematics. Expectation maximisation finds the share under which the corrected probabilities have that share as
    their mean (Saerens, Latinne and Decaestecker 2002, "Adjusting the outputs of a classifier to new a priori
    probabilities"). pages_by_bin: bin of the score -> pages. 0.5 for an empty crawl.
    """
    total = sum(pages_by_bin.values())
    middles = {b: ((b + 0.5) / SCORE_BINS, pages) for b, pages in sorted(pages_by_bin.items()) if pages}
    share = 0.5
    for _ in range(steps if total else 0):
        share = sum(pages * _corrected(score, share) for score, pages in middles.values()) / total
    return share


def _corrected(score: float, share: float) -> float:
    """A score learned at equal counts, as the probability where `share` of the pages are mathematics (Bayes)."""
    return share * score / (share * score + (1 - share) * (1 - score))


def score_at(probability: float, share: float) -> float:
    """The score whose corrected probability is `probability`: where half of all pages are mathematics, just that."""
    odds = probability * (1 - share)
    return odds / (odds + (1 - probability) * share) if odds else 0.0


def new_share(tokens: int, new_tokens: int) -> float:
    """New tokens as a share of all tokens that the round keeps; 1 for the first round, 0 for an empty one."""
    return new_tokens / tokens if tokens else 0.0


def is_saturated(round_number: int, share: float) -> bool:
    """Rounds end where at most 2% of the tokens are new; the first round has nothing to compare with."""
    return round_number > 1 and share <= SATURATED_AT


def is_mathematical(pages: int, recalled: int, above_share: float, min_pages: int) -> bool:
    """More than 10% of a domain's pages recalled (paper 2.1), among enough pages for a share to mean something."""
    return pages >= min_pages and recalled > above_share * pages


@dataclass(frozen=True)
class Prefix:
    """Pages of the crawl below a URL prefix (host and path, no scheme)."""

    prefix: str
    pages: int
    recalled: int
    samples: tuple[str, ...]

    @property
    def share(self) -> float:
        return self.recalled / self.pages


@dataclass
class _Node:
    pages: int = 0
    recalled: int = 0
    missed_urls: list[str] = field(default_factory=list)
    recalled_urls: list[str] = field(default_factory=list)
    children: set[str] = field(default_factory=set)

    @property
    def share(self) -> float:
        return self.recalled / self.pages


def prefix_tree(pages: Sequence[tuple[str, bool]], min_pages: int, differs_by: float, samples: int = 5) -> list[Prefix]:
    """The prefixes of one domain that a person should judge apart, in alphabetical order.

    pages: (URL, recalled) of all its pages. Every host is listed; below it a prefix is listed where it holds
    min_pages pages and its share of recalled pages differs by at least `differs_by` from that of the nearest listed
    prefix above it. Samples are URLs in alphabetical order, not recalled ones first: those would join the seed.
    """
    nodes, hosts = _count_prefixes(sorted(pages), samples)
    listed: list[Prefix] = []
    waiting = [(host, -1.0) for host in hosts]  # no share is nearer than 1 to -1: hosts are always listed
    while waiting:
        name, above = waiting.pop()
        node = nodes[name]
        if above < 0 or abs(node.share - above) >= differs_by:
            urls = (node.missed_urls + node.recalled_urls)[:samples]
            listed.append(Prefix(name, node.pages, node.recalled, tuple(urls)))
            above = node.share
        waiting += [(child, above) for child in node.children if nodes[child].pages >= min_pages]
    return sorted(listed, key=lambda p: p.prefix)


def _count_prefixes(pages: Sequence[tuple[str, bool]], samples: int) -> tuple[dict[str, _Node], set[str]]:
    nodes: dict[str, _Node] = {}
    hosts: set[str] = set()
    for url, recalled in pages:
        chain = url_prefixes(url)
        hosts.update(chain[:1])
        for depth, name in enumerate(chain):
            node = nodes.setdefault(name, _Node())
            node.pages += 1
            node.recalled += recalled
            urls = node.recalled_urls if recalled else node.missed_urls
            if len(urls) < samples:
                urls.append(url)
            if depth:
                nodes[chain[depth - 1]].children.add(name)
    return nodes, hosts


def decided_prefix(url: str, decisions: Mapping[str, bool]) -> str:
    """The approved prefix that a page stands below, '' where there is none.

    The longest decided prefix speaks for a page: a rejected part of an approved site stays out. decisions: prefix ->
    approved.
    """
    for prefix in reversed(url_prefixes(url)):
        if prefix in decisions:
            return prefix if decisions[prefix] else ""
    return ""

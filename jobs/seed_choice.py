"""Which pages of a crawl become examples: positives that are known, pages under approved prefixes, random negatives."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jobs.decisions import decided_prefix
from jobs.text.hashing import draw
from jobs.web.urls import canonical_url

MATH, OTHER = "math", "other"
FROM_FILE, FROM_CRAWL, FROM_APPROVED = "seed file", "crawl", "approved:"
KNOWN, APPROVED, RANDOM = "known", "approved", "random"  # why a page is a candidate


@dataclass(frozen=True)
class Known:
    """What is known before the crawl is read."""

    addresses: frozenset[str]
    """Addresses of all positives, in one spelling."""
    origins: Mapping[str, str]
    """Page id -> origin of positives that were found in the crawl in an earlier round; empty in round 1."""
    decisions: Mapping[str, bool]
    """Prefix -> approved, over all rounds before."""


@dataclass(frozen=True)
class Candidate:
    """A page that may become an example."""

    page_id: str
    canonical: str
    domain: str
    draw: int
    """A random number of the page's own."""
    kind: str
    """known: a positive already; approved: under an approved prefix; random: a negative, maybe."""
    origin: str


@dataclass(frozen=True)
class Example:
    """A page that is an example: of what, and where it came from."""

    page_id: str
    label: str
    origin: str


def candidate(
    page_id: str, url: str, domain: str, formulas: int, known: Known, seed: str, below: int
) -> Candidate | None:
    """What a page may become; None: nothing. Random pages are those with a draw below `below`.

    A random page that holds formulas is no negative. Among the pages of a crawl those are likelier than any others to
    be mathematics that no round has found yet, and in a small crawl they are one in four: taught as negatives, they
    teach that what the seeds do not show, such as Chinese, is no mathematics even where it is written in formulas.
    """
    canonical = canonical_url(url) or url
    number = draw(seed, page_id)
    if page_id in known.origins:
        return Candidate(page_id, canonical, domain, number, KNOWN, known.origins[page_id])
    if canonical in known.addresses:
        # In round 1 this is a seed's page. Later it is a twin of one: no new example, and never a negative.
        return None if known.origins else Candidate(page_id, canonical, domain, number, KNOWN, FROM_FILE)
    if prefix := decided_prefix(url, known.decisions):
        return Candidate(page_id, canonical, domain, number, APPROVED, FROM_APPROVED + prefix)
    is_random = number < below and not formulas
    return Candidate(page_id, canonical, domain, number, RANDOM, FROM_CRAWL) if is_random else None


def choose_examples(candidates: Iterable[Candidate], outside: int, at_most_negatives: int) -> list[Example]:
    """The examples among the candidates, by page id.

    One page for each seed; all pages under approved prefixes; of random pages those with the smallest draws, as many as
    there are positives, counting the `outside` ones that are not in the crawl: at equal counts a score of 0.5 means
    what it says.
    """
    positives: dict[str, Example] = {}
    random: list[Candidate] = []
    for page in sorted(candidates, key=lambda c: (c.draw, c.page_id)):
        if page.kind == RANDOM:
            random.append(page)
        else:
            key = page.canonical if page.kind == KNOWN else page.page_id
            positives.setdefault(key, Example(page.page_id, MATH, page.origin))
    negatives = random[: min(at_most_negatives, len(positives) + outside)]
    chosen = [*positives.values(), *(Example(c.page_id, OTHER, c.origin) for c in negatives)]
    return sorted(chosen, key=lambda e: e.page_id)

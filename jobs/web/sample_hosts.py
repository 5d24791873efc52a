"""The sites of the sample crawl (`sample_words/hosts.toml`): which pages a site has, and what is mathematics on it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from random import Random

from jobs.web.sample_grammar import read_words

_FORMULA = re.compile(r"«[^»]*»")
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_USERS = ("ada", "bruno", "chen", "dalia", "emil", "fatou", "gert", "hilde", "imre", "jana")


@dataclass(frozen=True)
class Section:
    """A URL prefix of a site. `path` holds {number}, {slug} and {user}; `label` is math or nonmath."""

    path: str
    subjects: tuple[str, ...]
    label: str
    kind: str
    weight: int

    @property
    def prefix(self) -> str:
        return "/" + self.path.strip("/").split("/", 1)[0].split("{", 1)[0]


@dataclass(frozen=True)
class Host:
    """A site. `role`: math | mixed | everyday | mirror; `seeded`: its mathematics is in the seed corpus."""

    name: str
    title: str
    role: str
    language: str
    platform: str
    markup: str
    weight: int
    charset: str
    seeded: bool
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class Place:
    """Where a page lives."""

    host: Host
    section: Section


@lru_cache(maxsize=1)
def read_hosts() -> tuple[Host, ...]:
    """All sites, in the order of the file."""
    hosts = []
    for row in read_words("hosts")["host"]:
        sections = tuple(Section(**{**section, "subjects": tuple(section["subjects"])}) for section in row["sections"])
        hosts.append(Host(**{"charset": "utf-8", "seeded": False, **row, "sections": sections}))
    return tuple(hosts)


@lru_cache(maxsize=16)
def _places(language: str, label: str) -> tuple[tuple[Place, ...], tuple[float, ...]]:
    """The places of a language and label ('' for any) with their cumulated weights."""
    found: list[Place] = []
    weights: list[float] = []
    for host in read_hosts():
        whole = sum(section.weight for section in host.sections)
        for section in host.sections:
            if host.weight and language in ("", host.language) and label in ("", section.label):
                found.append(Place(host, section))
                weights.append(host.weight * section.weight / whole)
    return tuple(found), tuple(accumulate(weights))


def draw_place(random: Random, language: str = "", label: str = "") -> Place:
    """A place drawn by weight among those of a language and label; '' means any. Mirrors are never drawn."""
    places, weights = _places(language, label)
    return random.choices(places, cum_weights=weights)[0]


@lru_cache(maxsize=4)
def mirror_place(language: str, label: str) -> Place:
    """The place where copies of a language's pages appear."""
    mirror = next(host for host in read_hosts() if host.role == "mirror" and host.language == language)
    return Place(mirror, next(section for section in mirror.sections if section.label == label))


def page_address(place: Place, number: int, title: str, random: Random) -> str:
    """The URL of a page; `number` makes it unique within the crawl."""
    slug = "-".join(_NOT_SLUG.sub(" ", _FORMULA.sub(" ", title).lower()).split()[:6]) or "page"
    path = place.section.path.format(number=number, slug=slug, user=random.choice(_USERS))
    return f"https://{place.host.name}{path}"


def math_domains(hosts: Sequence[Host]) -> list[str]:
    """Domains that hold mathematics, wholly or under some prefix."""
    return [host.name for host in hosts if host.role in ("math", "mixed")]

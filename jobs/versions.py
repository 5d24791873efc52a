"""Versions that go on from another one: `python -m jobs.math_pages --version v2 --base v1` begins one, the stages after
it follow. They read the base's results, and of the crawls only what the base has not seen.
"""

from jobs.lake.catalog import Lake
from jobs.lake.datasets import MATH_PAGES, PAGES, Address


def base_of(lake: Lake, version: str) -> str:
    """The version that this one goes on from, '' where it stands alone or has no mathematical pages yet."""
    manifest = lake.find(MATH_PAGES.at(version))
    return str(manifest.provenance.config.get("base", "")) if manifest else ""


def bases_of(lake: Lake, version: str) -> list[str]:
    """Its base, the base's base, and so on; the last one recalled its pages in rounds of its own."""
    found: list[str] = []
    while version := base_of(lake, version):
        found.append(version)
    return found


def own_crawls(lake: Lake, version: str) -> list[Address]:
    """The pages of the crawls that came with a version; those of `sample`, which has to be made, where there are none
    and nothing to go on from."""
    found = lake.finished(PAGES, version)
    return found if found or base_of(lake, version) else [PAGES.at(version, "sample")]


def earlier_crawls(lake: Lake, version: str) -> list[Address]:
    """The pages of the crawls of all versions that this one goes on from."""
    return [address for base in bases_of(lake, version) for address in lake.finished(PAGES, base)]

"""python -m jobs.sample_crawl --pages 600: a small labelled crawl of our own, so that everything runs with no network.

Real WARC files with damaged records, duplicates and planted contamination, plus seeds, labels and a benchmark. Left out
on purpose: JavaScript, images, and any page that anyone else wrote.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from jobs.lake.datasets import SAMPLE
from jobs.lake.stage import Run, Stage, StageSettings, main
from jobs.web.sample_sites import sample_crawl as write_sample


@dataclass(frozen=True)
class SampleCrawl(StageSettings):
    """Make a labelled sample crawl: several languages and formula markups, duplicates, contamination, damage."""

    pages: int = 600
    """Pages to make; a million works too, in bounded memory."""
    seed: int = 7
    """Same seed, same bytes."""


def sample_crawl(settings: SampleCrawl, run: Run) -> None:
    publication = run.output(SAMPLE)
    with tempfile.TemporaryDirectory(prefix="sample-crawl-") as folder:
        made = write_sample(settings.pages, settings.seed, Path(folder))
        for path in sorted(p for p in Path(folder).rglob("*") if p.is_file()):
            publication.put(path.relative_to(folder).as_posix(), str(path))
    run.log(str(made))


STAGE = Stage(SampleCrawl, sample_crawl, writes=lambda settings: [SAMPLE.at(settings.version)])

if __name__ == "__main__":
    main(STAGE)

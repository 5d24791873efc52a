"""python -m jobs.corpus_report: everything that one version of the lake holds, as one page that stands alone.

    report/v1/index.html      tables and charts inside; loads nothing, runs no script
    report/v1/summary.json    the same figures

Reports on what is finished and names what is not. A report is not touched when more is finished: run it again with
--replace. Left out on purpose: page texts; the report shows URLs, names and counts, and matches with benchmarks.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from jobs import runner
from jobs.lake.catalog import Lake
from jobs.lake.datasets import REPORT, Address
from jobs.lake.settings import parse
from jobs.lake.stage import LOG, Run, Stage, StageSettings
from jobs.removed_pages import RemovedPages, ShownLake
from jobs.report import pages
from jobs.report.inputs import Inputs, finished
from jobs.report.rendering import TEMPLATES

PAGE, SUMMARY = "index.html", "summary.json"


@dataclass(frozen=True)
class CorpusReport(StageSettings):
    """Report on everything finished at a version: crawls, rounds, corpus, training, accuracy, lineage."""


def reads(settings: CorpusReport, lake: Lake) -> list[Address]:
    return finished(lake, settings.version)


def sources(settings: CorpusReport) -> dict[str, str]:
    """The templates: another look is another report."""
    digest = sha256(b"".join(path.read_bytes() for path in sorted(TEMPLATES.iterdir())))
    return {"templates": digest.hexdigest()[:16]}


def corpus_report(settings: CorpusReport, run: Run) -> None:
    run.count_in(sum(m.rows for m in run.inputs.values()))
    shown = ShownLake(run.lake.root, RemovedPages.of(run))
    report = pages.gather(Inputs(shown, settings.version, run.inputs))
    publication = run.output(REPORT)
    publication.write(PAGE, pages.page(report))
    publication.write_json(SUMMARY, pages.summary(report))
    run.figure("lines", list(pages.lines(report)))


def tell(lake: Lake, version: str) -> list[str]:
    """The finished report's summary for the log, with its address as last line."""
    address = REPORT.at(version)
    lines = lake.require(address, "corpus_report").figures["lines"]
    assert isinstance(lines, list)
    return [*map(str, lines), f"report: {lake.storage.address(f'{address.folder}/{PAGE}')}"]


STAGE = Stage(CorpusReport, corpus_report, writes=lambda settings: [REPORT.at(settings.version)], reads=reads,
              sources=sources)  # fmt: skip


def main(argv: Sequence[str]) -> None:
    """Make the report where it is not there yet; print its summary and address either way."""
    runner.run(STAGE)
    settings, options = parse(argv, "python -m jobs.corpus_report", CorpusReport, runner.SparkOptions)
    for line in tell(Lake(options.lake), settings.version):
        LOG.info("%s", line)


if __name__ == "__main__":
    main(sys.argv[1:])

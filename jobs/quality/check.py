"""The check of a stage that writes `pages`, `formula_ledger` or `corpus`: `Stage(..., check=check)`.

Runs after the write and before the dataset is published. A broken critical expectation stops the stage; a broken
warning is logged. Either way the Data Docs lie in quality/index.html beside the data.
"""

import pyarrow as pa

from jobs.lake.catalog import Publication
from jobs.lake.settings import JsonValue
from jobs.lake.stage import Run, StageError
from jobs.quality import data_docs
from jobs.quality.corpus import CORPUS_SUITE
from jobs.quality.formula_ledger import ledger_suite
from jobs.quality.pages import PAGES_SUITE
from jobs.quality.suite import Suite
from jobs.quality.validation import Outcome, Validation, validate
from jobs.row_samples import sampled_rows

SUITES = {suite.dataset.name: suite for suite in (PAGES_SUITE, ledger_suite(), CORPUS_SUITE)}
CHECKED_ROWS = 200_000


def check(run: Run, publication: Publication, suite: Suite | None = None) -> None:
    """Validate what was just written, write its Data Docs beside it, note the result in the manifest's figures.

    `suite`: in place of the dataset's own, where it depends on the run's settings. A dataset without a suite passes.
    Raises StageError where a critical expectation is broken.
    """
    suite = suite or SUITES.get(publication.address.dataset.name)
    if suite is None:
        return
    rows = measured_rows(suite, publication)
    validation = validate(suite, rows, sum(f.rows for f in publication.files))
    publication.write_json("quality/results.json", data_docs.results(publication.address, suite, validation))
    publication.write("quality/index.html", data_docs.page(publication.address, suite, validation))
    run.figure(suite.figure, _figure(validation))
    for outcome in validation.failed("warning"):
        run.log(f"quality warning: {_line(outcome)}")
    docs = run.lake.storage.address(publication.name("quality/index.html"))
    broken = validation.failed("critical")
    if broken:
        lines = "\n  ".join(_line(o) for o in broken)
        raise StageError(
            f"{run.name}: {publication.address} breaks {len(broken)} critical expectation(s) and was not published:\n"
            f"  {lines}\nData Docs: {docs} (kept until the next run); mend the input or the stage, then run it again"
        )
    met = sum(o.passed for o in validation.outcomes)
    run.log(f"quality: {met} of {len(validation.outcomes)} expectations met; Data Docs: {docs}")


def measured_rows(suite: Suite, publication: Publication) -> pa.Table:
    """The measured columns of at most CHECKED_ROWS pages; texts are measured batch by batch and let go.

    Of a dataset whose rows are no pages, all rows are measured.
    """
    storage, folder = publication.lake.storage, publication.address.folder
    limit = CHECKED_ROWS if "page_id" in suite.columns else sum(f.rows for f in publication.files)
    batches = sampled_rows(storage, folder, publication.files, suite.columns, limit)
    measured = [suite.measure(batch) for batch in batches]
    if measured:
        table = pa.Table.from_batches(measured)
        return table.sort_by([(suite.worst_first, "descending")]) if suite.worst_first else table
    schema = suite.dataset.schema
    assert schema is not None, "suites are about tables"
    empty = pa.RecordBatch.from_pylist([], schema=pa.schema([schema.field(c) for c in suite.columns]))
    return pa.Table.from_batches([suite.measure(empty)])


def _figure(validation: Validation) -> JsonValue:
    return {
        "expectations": len(validation.outcomes),
        "met": sum(o.passed for o in validation.outcomes),
        "warnings": [f"{o.rule.column}: {o.sentence} ({o.observed})" for o in validation.failed("warning")],
        **validation.figures,
    }


def _line(outcome: Outcome) -> str:
    """One line for the log; what the crawl wrote is shown as a literal, so that it cannot write lines of its own."""
    samples = "; ".join(f"{s.value!r} in {s.where!r} ({s.row!r})" for s in outcome.samples[:3])
    line = f"[{outcome.rule.column}] {outcome.sentence} Observed: {outcome.observed}."
    return f"{line} {outcome.rule.meaning}" + (f" For example {samples}" if samples else "")

"""Data Docs of one validation: a JSON file and an HTML page that needs nothing from anywhere.

Great Expectations' own site builder is not used: its templates load Bootstrap, jQuery, Vega and fonts from CDNs (3.4 MB
to bundle), so offline the pages stay empty; its logo is fetched with the context's id; and its pages bear the time of
the run, so the same data would give other bytes. The sentences are Great Expectations' own renderings.
"""

from jobs.lake.datasets import Address
from jobs.lake.settings import JsonValue
from jobs.quality.suite import Suite
from jobs.quality.validation import Validation
from jobs.report import rendering


def page(address: Address, suite: Suite, validation: Validation) -> bytes:
    """The page: what was checked, each expectation with what was observed, and rows that break it."""
    return rendering.render(
        "data_docs.html.jinja",
        address=str(address),
        validation=validation,
        note=coverage(suite, validation),
        meanings={f.name: f.metadata[b"meaning"].decode() for f in suite.dataset.schema or ()},
    )


def results(address: Address, suite: Suite, validation: Validation) -> JsonValue:
    """The same as JSON values."""
    return {
        "address": str(address),
        "library": f"great_expectations {validation.library}",
        "coverage": coverage(suite, validation),
        "figures": dict(validation.figures),
        "columns_read": list(suite.columns),
        "expectations": [
            {
                "expectation": o.rule.expectation,
                "arguments": o.rule.arguments,
                "severity": o.severity,
                "sentence": o.sentence,
                "meaning": o.rule.meaning,
                "passed": o.passed,
                "observed": o.observed,
                "samples": [
                    dict(zip(("value", *suite.named_by), (s.value, s.row, s.where), strict=True)) for s in o.samples
                ],
            }
            for o in validation.outcomes
        ],
    }


def coverage(suite: Suite, validation: Validation) -> str:
    """How many of the rows were looked at, and which."""
    rows, checked = validation.figures["rows"], validation.figures["rows_checked"]
    if not rows:
        return "there are no rows"
    if rows == checked:
        return f"all {rows:,} rows were checked"
    return f"{checked:,} of {rows:,} rows were checked, {suite.chosen}"

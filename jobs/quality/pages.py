"""What is expected of `pages`.

The limits of warnings are the project's choice: they ask for a look, they stop nothing.
"""

import pyarrow as pa
import pyarrow.compute as pc

from jobs.lake.datasets import PAGES
from jobs.quality.suite import Figures, Suite, between, matches, no_more_than, present, unique

PAGE_ID = r"\A[0-9a-f]{16}\Z"
SHA1 = r"\A[0-9a-f]{40}\Z"
HTTP_URL = r"(?i)\Ahttps?://[^/\s]"
LANGUAGE = r"\A[a-z]{2,3}\Z"

MOST_UNDETERMINED = 0.05
MOST_OVER_LIMIT = 0.01
LEAST_FORMULA_RECOVERY = 0.95
LEAST_MEDIAN_CHARACTERS = 200

COLUMNS = (
    "page_id", "url", "language", "language_score", "text", "formulas_seen", "formulas_kept",
    "warc_offset", "warc_length", "content_digest", "over_limit",
)  # fmt: skip


def measure(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch of pages with the text replaced by `text_characters`, its length without white space at both ends."""
    kept = batch.select([c for c in COLUMNS if c != "text"])
    return kept.append_column("text_characters", text_characters(batch.column("text")))


def summarise(rows: pa.Table) -> Figures:
    """Shares and the median of the measured rows; None where there is nothing to divide by."""
    seen, kept = pc.sum(rows["formulas_seen"]).as_py(), pc.sum(rows["formulas_kept"]).as_py()
    return {
        "undetermined_share": share(rows["language"], "und"),
        "formulas_seen": seen or 0,
        "formulas_kept": kept or 0,
        "formula_recovery": kept / seen if seen else None,
        "median_text_characters": median(rows["text_characters"]),
        "over_limit_share": pc.mean(rows["over_limit"]).as_py(),
    }


def text_characters(text: pa.Array) -> pa.Array:
    return pc.cast(pc.utf8_length(pc.utf8_trim_whitespace(text)), pa.int64())


def share(column: pa.ChunkedArray, value: str) -> float | None:
    """The share of rows that hold `value`; None where there are no rows."""
    return pc.mean(pc.equal(column, value)).as_py()


def median(column: pa.ChunkedArray) -> float | None:
    return pc.quantile(column, 0.5)[0].as_py()


PAGES_SUITE = Suite(
    dataset=PAGES,
    columns=COLUMNS,
    measure=measure,
    summarise=summarise,
    row_rules=(
        unique("page_id", "A page stands twice: everything that joins on page_id would count it twice."),
        matches("page_id", PAGE_ID, "Not 16 hex digits of a sha256: joins and samples rely on it."),
        present("url", "A page without a URL cannot be traced, grouped by domain or approved."),
        matches("url", HTTP_URL, "Only pages fetched over HTTP belong here."),
        between("language_score", "A probability lies between 0 and 1.", 0, 1),
        no_more_than("formulas_kept", "formulas_seen", "More formulas were printed than the DOM held."),
        between("formulas_kept", "A count of formulas is not negative.", 0),
        matches("content_digest", SHA1, "Not a sha1 in hex: the payload cannot be compared with the crawl's digest."),
        between("warc_offset", "The record's place in its WARC file is lost.", 0),
        between("warc_length", "A WARC record has at least one byte.", 1),
        matches("language", LANGUAGE, "Not a language code of lid.176 or 'und'.", "warning"),
    ),
    figure_rules=(
        between("rows_checked", "No row was chosen for checking: page_ids are not hex digits.", 1),
        between("rows", "The crawl gave no page at all: is it the right folder?", 1),
        between("undetermined_share", "Many pages have no text to tell a language by: look at the extraction.",
                high=MOST_UNDETERMINED, severity="warning"),
        between("formula_recovery", "Formulas are lost on the way to the text: look at the kinds of markup.",
                low=LEAST_FORMULA_RECOVERY, severity="warning"),
        between("median_text_characters", "Half of the pages have next to no text: look at the extraction.",
                low=LEAST_MEDIAN_CHARACTERS, severity="warning"),
        between("over_limit_share", "Many pages are cut by the bounds on bytes, nodes, depth and time.",
                high=MOST_OVER_LIMIT, severity="warning"),
    ),
)  # fmt: skip

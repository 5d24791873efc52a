"""What is expected of `corpus`.

The limits of warnings are the project's choice: they ask for a look, they stop nothing.
"""

import pyarrow as pa

from jobs.lake.datasets import CORPUS
from jobs.quality.pages import HTTP_URL, PAGE_ID, SHA1, median, share, text_characters
from jobs.quality.suite import Figures, Suite, between, matches, present, unique

MOST_UNDETERMINED = 0.02
LEAST_MEDIAN_CHARACTERS = 400

COLUMNS = (
    "page_id", "url", "text", "tokens", "score", "round", "language", "formulas", "cluster",
    "warc_offset", "warc_length", "content_digest",
)  # fmt: skip


def measure(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch of the corpus with the text replaced by its length, as for pages."""
    kept = batch.select([c for c in COLUMNS if c != "text"])
    return kept.append_column("text_characters", text_characters(batch.column("text")))


def summarise(rows: pa.Table) -> Figures:
    """Shares and medians of the measured rows; None where there are none."""
    return {
        "undetermined_share": share(rows["language"], "und"),
        "median_text_characters": median(rows["text_characters"]),
        "median_tokens": median(rows["tokens"]),
    }


CORPUS_SUITE = Suite(
    dataset=CORPUS,
    columns=COLUMNS,
    measure=measure,
    summarise=summarise,
    row_rules=(
        unique("page_id", "A page stands twice in the corpus: the model would see it twice."),
        matches("page_id", PAGE_ID, "Not 16 hex digits of a sha256: joins and samples rely on it."),
        present("url", "A page without a URL has no provenance."),
        matches("url", HTTP_URL, "Only pages fetched over HTTP belong here."),
        between("text_characters", "A page without text is no training data.", 1),
        between("tokens", "A page of the corpus has at least one token.", 1),
        between("score", "A probability lies between 0 and 1.", 0, 1),
        between("round", "Rounds count from 1.", 1),
        between("formulas", "A count of formulas is not negative.", 0),
        matches("cluster", PAGE_ID, "The duplicate cluster is not the page_id of a survivor."),
        matches("content_digest", SHA1, "Not a sha1 in hex: the page cannot be traced to the crawl's payload."),
        between("warc_offset", "The record's place in its WARC file is lost.", 0),
        between("warc_length", "A WARC record has at least one byte.", 1),
    ),
    figure_rules=(
        between("rows_checked", "No row was chosen for checking: page_ids are not hex digits.", 1),
        between("rows", "The corpus is empty: were the recall budget or the filters too strict?", 1),
        between("undetermined_share", "Pages of no known language came through recall.",
                high=MOST_UNDETERMINED, severity="warning"),
        between("median_text_characters", "Half of the corpus is fragments: look at recall's threshold.",
                low=LEAST_MEDIAN_CHARACTERS, severity="warning"),
    ),
)  # fmt: skip

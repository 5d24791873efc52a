"""What is expected of `formula_ledger`: a warning for domains that lose formulas, a floor for the crawl.

A domain is judged from LEAST_FORMULAS formulas on: 20 is the smallest count at which a single lost formula does not
bring it below 95%. At the 98.5% that known pages reach, 4 of 100 such domains would fall below by chance, and fewer of
larger ones; a warning asks for a look, it stops nothing.
"""

import pyarrow as pa
import pyarrow.compute as pc

from jobs.lake.datasets import FORMULA_LEDGER
from jobs.quality.suite import Figures, Suite, between, no_more_than, present, unique

LEAST_DOMAIN_RECOVERY = 0.95
LEAST_FORMULAS = 20
LEAST_RECOVERY = 0.8
"""Of a whole crawl, by default. Real ones reach 99%; where a fifth is lost, the extraction or its input broke."""

COLUMNS = ("domain", "pages", "pages_over_limit", "formulas_seen", "formulas_kept")


def measure(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The domains that hold formulas, with how many were lost, and the share kept where there are enough to judge."""
    held = batch.select(list(COLUMNS)).filter(pc.greater(batch.column("formulas_seen"), 0))
    seen, kept = held.column("formulas_seen"), held.column("formulas_kept")
    share = pc.divide(pc.cast(kept, pa.float64()), pc.cast(seen, pa.float64()))
    judged = pc.greater_equal(seen, LEAST_FORMULAS)
    nothing = pa.nulls(held.num_rows, pa.float64())
    lost = pc.subtract(seen, kept)
    counts = pc.binary_join_element_wise(pc.cast(lost, pa.string()), pc.cast(seen, pa.string()), " lost of ")
    return (
        held.append_column("recovery", pc.if_else(judged, share, nothing))
        .append_column("formulas_lost", lost)
        .append_column("lost", counts)
    )


def summarise(rows: pa.Table) -> Figures:
    """Sums over the crawl; shares are None where there are too few formulas to judge by."""
    seen, kept = (pc.sum(rows[name]).as_py() or 0 for name in ("formulas_seen", "formulas_kept"))
    return {
        "formulas_seen": seen,
        "formulas_kept": kept,
        "formula_recovery": kept / seen if seen >= LEAST_FORMULAS else None,
        "domains_with_formulas": rows.num_rows,
        "domains_judged": rows.num_rows - rows["recovery"].null_count,
        "domains_below": pc.sum(pc.less(rows["recovery"], LEAST_DOMAIN_RECOVERY)).as_py() or 0,
    }


def ledger_suite(least_recovery: float = LEAST_RECOVERY) -> Suite:
    """The suite with this floor for the crawl's recovery, 0 to 1."""
    return Suite(
        dataset=FORMULA_LEDGER,
        columns=COLUMNS,
        measure=measure,
        summarise=summarise,
        row_rules=(
            unique("domain", "A domain stands twice: its share is of a part of its pages."),
            present("domain", "Formulas of no domain."),
            no_more_than("formulas_kept", "formulas_seen", "More formulas were printed than the DOM held."),
            between("recovery", "Formulas of these domains are lost: look at their pages' kinds of markup.",
                    low=LEAST_DOMAIN_RECOVERY, severity="warning"),
        ),
        figure_rules=(
            between("formula_recovery", "Too many of the crawl's formulas are lost. See the domains that lost most; "
                    "--least-recovery sets the floor.", low=least_recovery),
        ),
        named_by=("lost", "domain"),
        worst_first="formulas_lost",
        chosen="those of domains that hold formulas",
        figure="formula_ledger",
    )  # fmt: skip

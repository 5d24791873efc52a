"""The ledger's counts by domain and kind."""

import pyarrow as pa
from page_rows import page

from jobs.formula_ledger import ALL_KINDS, TALLY, tally
from jobs.lake.tables import PAGES


def test_formulas_are_counted_by_domain_and_kind() -> None:
    rows = [
        page("https://a.org/1", "x", domain="a.org", formulas_seen=5, formulas_kept=4,
             formula_kinds_seen=[("katex", 3), ("mathml", 2)], formula_kinds=[("katex", 2), ("mathml", 2)]),
        page("https://b.org/1", "x", domain="b.org", over_limit=True),
        page("https://a.org/2", "x", domain="a.org", formulas_seen=1, formulas_kept=0,
             formula_kinds_seen=[("katex", 1)]),
    ]  # fmt: skip
    found = tally(pa.Table.from_pylist(rows, PAGES))
    assert found.schema == TALLY
    assert {
        (r["domain"], r["kind"]): (r["pages"], r["seen"], r["kept"], r["over_limit"]) for r in found.to_pylist()
    } == {
        ("a.org", ALL_KINDS): (2, 6, 4, 0),
        ("a.org", "katex"): (0, 4, 2, 0),
        ("a.org", "mathml"): (0, 2, 2, 0),
        ("b.org", ALL_KINDS): (1, 0, 0, 1),
    }


def test_no_pages_make_no_counts() -> None:
    assert tally(PAGES.empty_table()).num_rows == 0

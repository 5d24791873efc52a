"""Cutting takes whole lines, and gives up a text that would lose most of itself."""

import pytest

from jobs.passages import cut_passages

TEXT = "first line here\nsecond\nthird line is here\nfourth\n"


@pytest.mark.parametrize(
    ("passages", "left"),
    [
        ([], TEXT),
        (["second"], "first line here\nthird line is here\nfourth\n"),
        (["econ", "sec"], "first line here\nthird line is here\nfourth\n"),
        (["fourth"], "first line here\nsecond\nthird line is here\n"),
        (["here\nsec", "fourth"], ""),
        (["d\nthird"], ""),
        (["first"], "second\nthird line is here\nfourth\n"),
    ],
)
def test_lines_that_hold_a_passage_go(passages: list[str], left: str) -> None:
    spans = [(TEXT.index(p), TEXT.index(p) + len(p)) for p in passages]
    assert cut_passages(TEXT, spans) == left

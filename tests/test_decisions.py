"""Decisions: a rule is read strictly, people must agree, a later round speaks last, the longest prefix speaks for a
page."""

from datetime import UTC, datetime

import pytest

from jobs.decisions import (
    BadRule,
    Candidate,
    Condition,
    Decision,
    agreed,
    decide,
    decided_above,
    decided_prefix,
    exceptions,
    parse_rule,
    standing,
)
from jobs.lake.stage import StageError

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 23, tzinfo=UTC)
CANDIDATES = [
    Candidate("e.org/maths", "e.org", 20, 18, 0.9, 0.699, 0.972, 100, 90),
    Candidate("e.org/news", "e.org", 40, 4, 0.1, 0.040, 0.231, 5000, 500),
]


def decision(prefix: str, what: str, reviewer: str = "Ada", time: datetime = NOON, note: str = "") -> Decision:
    return Decision(prefix, "e.org", what, reviewer, time, note)


def test_a_rule_is_comparisons_joined_by_and() -> None:
    assert parse_rule("share >= 0.5 and pages>10") == (Condition("share", ">=", 0.5), Condition("pages", ">", 10))


@pytest.mark.parametrize(
    "rule",
    ["", "share", "share>=high", "share>=0.5 or pages>1", "score>=0.5", "share>=0.5; x", "__import__('os')", "share=>1",
     "share>=-1", "share>=1e3", "share>=0.5 and", "samples>=1", "prefix>=1"],
)  # fmt: skip
def test_anything_else_is_refused(rule: str) -> None:
    with pytest.raises(BadRule, match="cannot read"):
        parse_rule(rule)


def test_a_rule_decides_every_candidate_and_notes_what_it_saw() -> None:
    assert decide(CANDIDATES, "share>=0.5 and recalled<=18", "rule:r", NOON, "") == [
        decision("e.org/maths", "approve", "rule:r", note="18 of 20 pages recalled, share 0.900"),
        decision("e.org/news", "reject", "rule:r", note="4 of 40 pages recalled, share 0.100"),
    ]


@pytest.mark.parametrize(
    ("rule", "approved"),
    [("share_low>=0.65", ["e.org/maths"]), ("share_high<0.5", ["e.org/news"]), ("expected_tokens>95", ["e.org/news"]),
     ("missed_tokens>=100", ["e.org/maths", "e.org/news"])],
)  # fmt: skip
def test_a_rule_may_ask_how_sure_a_share_is_and_what_approval_should_bring(rule: str, approved: list[str]) -> None:
    assert [d.prefix for d in decide(CANDIDATES, rule, "r", NOON, "") if d.decision == "approve"] == approved


def test_people_who_agree_sign_together() -> None:
    both = [("a.csv, row 1", decision("e.org", "approve", "Ada", NOON, "read ten")),
            ("b.csv, row 4", decision("e.org", "approve", "Emmy", LATER, "a wiki"))]  # fmt: skip
    assert agreed(both) == [decision("e.org", "approve", "Ada and Emmy", LATER, "read ten; a wiki")]
    assert agreed(both[:1] * 2) == [both[0][1]], "the same row twice is one"


def test_people_who_contradict_each_other_are_named() -> None:
    rows = [("a.csv, row 1", decision("e.org/x", "approve", "Ada")),
            ("b.csv, row 4", decision("e.org/x", "reject", "Emmy"))]  # fmt: skip
    with pytest.raises(StageError) as error:
        agreed([*rows, ("a.csv, row 2", decision("e.org/y", "approve"))])
    assert "e.org/x: approve (Ada, a.csv, row 1), reject (Emmy, b.csv, row 4)" in str(error.value)
    assert "e.org/y" not in str(error.value)
    with pytest.raises(StageError, match="and 2 more"):
        agreed([(where, decision(f"e.org/{n}", what)) for n in range(7)
                for where, what in (("1", "approve"), ("2", "undo"))])  # fmt: skip


def test_a_later_round_replaces_and_undo_leaves_nothing() -> None:
    first, second = decision("e.org", "approve"), decision("e.org", "reject", "Emmy", LATER)
    assert standing([[first], [second]]) == {"e.org": second}
    assert standing([[first], [second], [decision("e.org", "undo")]]) == {}
    assert standing([[first], [decision("e.org", "undo")], [second]]) == {"e.org": second}


def test_after_undo_the_prefix_above_speaks_again() -> None:
    rounds = [[decision("e.org", "approve"), decision("e.org/news", "reject")], [decision("e.org/news", "undo")]]
    before, after = ({p: d.decision == "approve" for p, d in standing(rounds[:n]).items()} for n in (1, 2))
    assert decided_prefix("https://e.org/news/1", before) == ""
    assert decided_prefix("https://e.org/news/1", after) == "e.org"


def test_the_longest_decided_prefix_speaks_for_a_page() -> None:
    decisions = {"example.org": True, "example.org/blog": False, "example.org/blog/maths": True}
    assert decided_prefix("https://www.example.org/a", decisions) == "example.org"
    assert decided_prefix("https://example.org/blog/1", decisions) == ""
    assert decided_prefix("https://example.org/blog/maths/1", decisions) == "example.org/blog/maths"
    assert decided_prefix("https://example.org.evil.com/a", decisions) == ""
    assert decided_prefix("https://example.org/blogger", decisions) == "example.org"


def test_the_order_of_rounds_does_not_matter_between_a_part_and_what_holds_it() -> None:
    part, whole = decision("e.org/maths", "approve"), decision("e.org", "reject")
    for rounds in ([[part], [whole]], [[whole], [part]], [[part, whole]]):
        found = standing(rounds)
        assert decided_prefix("https://e.org/maths/1", {p: d.decision == "approve" for p, d in found.items()})
        assert exceptions(found) == [(part, whole)]


def test_exceptions_are_against_the_nearest_decided_prefix() -> None:
    found = {p: decision(p, what) for p, what in (
        ("e.org", "approve"), ("e.org/a", "reject"), ("e.org/a/b/c", "reject"), ("e.org/a/b/d", "approve"),
        ("e.organic", "reject"),
    )}  # fmt: skip
    assert [(part.prefix, whole.prefix) for part, whole in exceptions(found)] == [
        ("e.org/a", "e.org"), ("e.org/a/b/d", "e.org/a"),
    ]  # fmt: skip
    assert decided_above("e.org/a/x", found) == found["e.org/a"]
    assert decided_above("other.org/a", found) is None

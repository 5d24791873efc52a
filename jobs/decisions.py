"""Decisions on URL prefixes: a person's, or a rule's for runs that nobody watches, and which of them stand.

Within a round two people must agree on a prefix. A later round's decision replaces an earlier one on the same prefix,
and `undo` takes it back, as if nobody had decided there; nothing is erased, each round keeps what was decided in it.
Of prefixes within each other the longest decided one speaks for a page, whichever round decided it: a rejected part of
an approved site stays out, and an approved part of a rejected one comes in.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from jobs.lake.catalog import Lake
from jobs.lake.datasets import Address
from jobs.lake.stage import StageError
from jobs.web.urls import url_prefixes

APPROVE, REJECT, UNDO = "approve", "reject", "undo"
RULE = "rule:"  # how the reviewer of an unattended run begins
FIGURES = ("share", "share_low", "share_high", "pages", "recalled", "missed_tokens", "expected_tokens")
NAMED = 5  # in a message
_CONDITION = re.compile(rf"({'|'.join(FIGURES)})\s*(>=|>|<=|<)\s*(\d+(?:\.\d+)?)")


class BadRule(ValueError):
    """A rule that cannot be read; the message shows one that can."""


@dataclass(frozen=True)
class Candidate:
    """A prefix that a round lists for judgement, with the figures of jobs.domain_shares."""

    prefix: str
    domain: str
    pages: int
    recalled: int
    share: float
    share_low: float
    share_high: float
    missed_tokens: int
    expected_tokens: int
    samples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Decision:
    """What was decided on a prefix, by whom, when and why."""

    prefix: str
    domain: str
    decision: str
    reviewer: str
    decided_at: datetime
    note: str

    @property
    def by_person(self) -> bool:
        return not self.reviewer.startswith(RULE)


@dataclass(frozen=True)
class Condition:
    """One comparison of a rule, such as share>=0.5."""

    figure: str
    comparison: str
    limit: float

    def holds(self, candidate: Candidate) -> bool:
        value = float(getattr(candidate, self.figure))
        return {
            ">=": value >= self.limit, ">": value > self.limit, "<=": value <= self.limit, "<": value < self.limit,
        }[self.comparison]  # fmt: skip


def parse_rule(text: str) -> tuple[Condition, ...]:
    """`share>=0.5 and pages>=10` -> conditions that must all hold. Raises BadRule.

    Nothing but comparisons of a candidate's figures with a number: a rule is data, never code.
    """
    conditions = []
    for part in re.split(r"\s+and\s+", text.strip()):
        match = _CONDITION.fullmatch(part.strip())
        if match is None:
            raise BadRule(
                f"--rule {text!r}: cannot read {part!r}; write comparisons of {', '.join(FIGURES)} with a number, "
                "joined by 'and': share>=0.5 and pages>=10"
            )
        conditions.append(Condition(match[1], match[2], float(match[3])))
    return tuple(conditions)


def decide(candidates: Iterable[Candidate], rule: str, reviewer: str, time: datetime, note: str) -> list[Decision]:
    """A rule's decision on every candidate, with the figures it saw in the note. Raises BadRule."""
    conditions = parse_rule(rule)
    before = f"{note}; " if note else ""
    return [
        Decision(c.prefix, c.domain, APPROVE if all(x.holds(c) for x in conditions) else REJECT, reviewer, time,
                 f"{before}{c.recalled} of {c.pages} pages recalled, share {c.share:.3f}")
        for c in candidates
    ]  # fmt: skip


def agreed(decisions: Sequence[tuple[str, Decision]]) -> list[Decision]:
    """One decision a prefix, in alphabetical order. decisions: (where it was read, the decision).

    People who agree sign together: their names, the last time, their notes. Raises StageError where they do not.
    """
    by_prefix: dict[str, list[tuple[str, Decision]]] = defaultdict(list)
    for where, decision in decisions:
        by_prefix[decision.prefix].append((where, decision))
    conflicts = [
        f"  {prefix}: " + ", ".join(f"{d.decision} ({d.reviewer}, {where})" for where, d in found)
        for prefix, found in sorted(by_prefix.items())
        if len({d.decision for _, d in found}) > 1
    ]
    if conflicts:
        more = f"\n  and {len(conflicts) - NAMED} more" if len(conflicts) > NAMED else ""
        raise StageError(
            "the decisions contradict each other; agree on one for each prefix and take out the other rows:\n"
            + "\n".join(conflicts[:NAMED])
            + more
        )
    return [_joined([d for _, d in found]) for _, found in sorted(by_prefix.items())]


def _joined(decisions: Sequence[Decision]) -> Decision:
    return replace(
        decisions[0],
        reviewer=" and ".join(dict.fromkeys(d.reviewer for d in decisions)),
        decided_at=max(d.decided_at for d in decisions),
        note="; ".join(dict.fromkeys(d.note for d in decisions if d.note)),
    )


def standing(rounds: Iterable[Iterable[Decision]]) -> dict[str, Decision]:
    """Prefix -> the decision that stands after all rounds, first round first.

    A later decision replaces an earlier one. After `undo` none stands: not the one before it either.
    """
    found: dict[str, Decision] = {}
    for decisions in rounds:
        for decision in decisions:
            if decision.decision == UNDO:
                found.pop(decision.prefix, None)
            else:
                found[decision.prefix] = decision
    return found


def read_standing(lake: Lake, approvals: Iterable[Address]) -> dict[str, Decision]:
    """The decisions that stand after these rounds' `approvals`, first round first."""
    return standing([Decision(**row) for row in lake.read_table(address).to_pylist()] for address in approvals)


def read_candidates(lake: Lake, domains: Address) -> list[Candidate]:
    """The prefixes that a round's `domains` list, those first of which approval should bring most tokens."""
    rows = lake.read_table(domains, ["domain", "prefixes"], "candidates").to_pylist()
    found = [
        Candidate(domain=row["domain"], **prefix | {"samples": tuple(prefix["samples"])})
        for row in rows
        for prefix in row["prefixes"]
    ]
    return sorted(found, key=lambda c: (-c.expected_tokens, c.prefix))


def decided_above(prefix: str, decisions: Mapping[str, Decision]) -> Decision | None:
    """The decision of the longest decided prefix that holds this one, or is it; None where there is none."""
    parts = prefix.split("/")
    for length in range(len(parts), 0, -1):
        if found := decisions.get("/".join(parts[:length])):
            return found
    return None


def exceptions(decisions: Mapping[str, Decision]) -> list[tuple[Decision, Decision]]:
    """Decisions that differ from the one on the next decided prefix above: (the part, what holds it), by prefix."""
    found = []
    for prefix, part in sorted(decisions.items()):
        whole = decided_above(prefix.rpartition("/")[0], decisions)
        if whole and whole.decision != part.decision:
            found.append((part, whole))
    return found


def decided_prefix(url: str, decisions: Mapping[str, bool]) -> str:
    """The approved prefix that a page stands below, '' where there is none.

    The longest decided prefix speaks for a page. decisions: prefix -> approved.
    """
    for prefix in reversed(url_prefixes(url)):
        if prefix in decisions:
            return prefix if decisions[prefix] else ""
    return ""

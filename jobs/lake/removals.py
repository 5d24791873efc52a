"""Who has left: domains and addresses that nothing made from now on may hold. One list for the whole lake.

Each state of the list is an address of its own (`removals/000003`) with every decision so far, so nothing is forgotten
and no address changes. What is made from pages takes the state in force as an input: its fingerprint changes with the
list, and what was made under another state is refused as an input.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from jobs.lake.catalog import Lake, LakeError
from jobs.lake.datasets import (
    APPROVALS,
    CHANGES,
    CLASSIFIER,
    COMMON_PHRASES,
    CONTAMINATION,
    CORPUS,
    DEDUPED,
    DOMAIN_LOSSES,
    DOMAINS,
    MATH_PAGES,
    RECALLED,
    REMOVALS,
    REPORT,
    SEEDS,
    SHARDS,
    SIGNATURES,
    TOKENIZER,
    Address,
    parse_address,
)  # fmt: skip
from jobs.lake.manifest import Manifest

REMOVE, RESTORE = "remove", "restore"
BY_DOMAIN, BY_URL = "domain", "url"
HELD = frozenset((
    SEEDS, CLASSIFIER, RECALLED, DOMAINS, APPROVALS, MATH_PAGES, DEDUPED, SIGNATURES, DOMAIN_LOSSES, CONTAMINATION,
    COMMON_PHRASES, CORPUS, TOKENIZER, SHARDS, CHANGES,
))  # fmt: skip
"""Datasets that are made from pages: what has left must not be in them. `pages` is the crawl as it was."""


class Stale(LakeError):
    """An input was made under another list of removals."""


@dataclass(frozen=True)
class Removal:
    """One decision: a row of REMOVALS."""

    state: int
    action: str
    kind: str
    value: str
    reason: str
    reviewer: str
    decided_at: datetime

    @property
    def target(self) -> tuple[str, str]:
        return self.kind, self.value


def state_address(number: int) -> Address:
    return REMOVALS.at(f"{number:06d}")


def decisions(lake: Lake) -> list[Removal]:
    """Every decision so far, in order: what the newest state holds."""
    states = [v for v in lake.storage.folders(REMOVALS.name) if lake.find(REMOVALS.at(v))]
    return read_state(lake, REMOVALS.at(max(states))) if states else []


def read_state(lake: Lake, address: Address) -> list[Removal]:
    return [Removal(**row) for row in lake.read_table(address).to_pylist()]


def active(made: Iterable[Removal]) -> dict[tuple[str, str], Removal]:
    """What has left after these decisions, each with the decision that says so; the last one on a target counts."""
    last = {d.target: d for d in made}
    return {target: d for target, d in sorted(last.items()) if d.action == REMOVE}


def in_force(lake: Lake) -> Address | None:
    """The list that counts now, None where nothing has left.

    Of several states that say the same (something was removed and restored), the first: a mistake that was undone
    leaves everything made before as good as it was.
    """
    made = decisions(lake)
    now = active(made).keys()
    if not now:
        return None
    return next(state_address(n) for n in sorted({d.state for d in made})
                if active(d for d in made if d.state <= n).keys() == now)  # fmt: skip


def list_input(
    lake: Lake, reader: str, writes: Sequence[Address], inputs: Mapping[str, Manifest]
) -> dict[str, Manifest]:
    """The list in force as an input of what is made from pages; empty where there is none, or for other outputs.

    Raises Stale where an input of the same version was made under another list. Other versions stay as they are: who
    reads them leaves out what has left. A report shows what there is, however old, and leaves that out too.
    """
    if not any(a.dataset in HELD or a.dataset is REPORT for a in writes):
        return {}
    address = in_force(lake)
    wanted = {str(address)} if address else set()
    for name, manifest in inputs.items():
        made_under = {i for i in manifest.provenance.inputs if i.startswith(f"{REMOVALS.name}/")}
        read = parse_address(name)
        if made_under != wanted and _must_agree(read, writes):
            raise Stale(
                f"{reader}: {read} was made under {next(iter(made_under), 'no list of removals')}, in force is "
                f"{address or 'none'} (python -m jobs.remove --list); build it again with '{read.remedy} "
                "ARGS=--replace', or build another version, which goes by the list from its first stage"
            )
    return {str(address): lake.require(address, reader)} if address else {}


def _must_agree(read: Address, writes: Sequence[Address]) -> bool:
    return read.dataset in HELD and any(w.dataset in HELD and w.version == read.version for w in writes)

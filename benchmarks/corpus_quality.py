"""Precision and recall of the recalled pages against labels, round by round.

    python benchmarks/corpus_quality.py --lake LAKE --labels labels.jsonl

Labels are rows of url, label (math, nonmath or mixed-unsure), language and site. mixed-unsure pages count for neither
side. A mathematical host has at least 8 labelled pages of which at least a tenth are math; it is found where more than
a tenth of its labelled pages are recalled, the paper's measure of a mathematical domain. Labels are only read here:
nothing in the flow sees them.
"""

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, from any folder

from jobs.lake.catalog import Lake, LakeError
from jobs.lake.datasets import MATH_PAGES, PAGES, RECALLED, SEEDS, Address

MATH, NONMATH = "math", "nonmath"
HOST_PAGES, HOST_SHARE = 8, 0.1
CHINESE = "zh"
HEADS = (
    "stage", "pages", "new", "precision", "recall", "hosts found", "seeded", "chinese", "unsure kept", "unlabelled",
)  # fmt: skip


@dataclass(frozen=True)
class Label:
    """What is known of a page."""

    label: str
    language: str
    site: str


@dataclass(frozen=True)
class Quality:
    """One round against the labels."""

    stage: str
    pages: int
    new_share: float | None
    precision: float
    recall: float
    hosts_found: tuple[str, ...]
    hosts_seeded: int
    chinese_found: int
    unsure_kept: int
    unlabelled: int


def read_labels(path: Path) -> dict[str, Label]:
    """URL -> label. Raises ValueError for a row without the four fields or with another label."""
    labels = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        row = json.loads(line)
        if row.get("label") not in (MATH, NONMATH, "mixed-unsure"):
            raise ValueError(f"{path}, line {number}: label is {row.get('label')!r}")
        labels[row["url"]] = Label(row["label"], row["language"], row["site"])
    return labels


def mathematical_hosts(labels: Iterable[Label]) -> set[str]:
    """Hosts of at least 8 labelled pages, at least a tenth of them math."""
    pages: Counter[str] = Counter()
    math: Counter[str] = Counter()
    for label in labels:
        pages[label.site] += 1
        math[label.site] += label.label == MATH
    return {host for host, count in pages.items() if count >= HOST_PAGES and math[host] >= HOST_SHARE * count}


def judge(stage: str, urls: Sequence[str], labels: dict[str, Label], seeded: set[str], new: float | None) -> Quality:
    """One round's recalled URLs against the labels; `seeded` are the hosts that the seed corpus came from."""
    kept = [labels[u] for u in urls if u in labels]
    kinds = Counter(k.label for k in kept)
    pages, recalled = Counter(label.site for label in labels.values()), Counter(k.site for k in kept)
    hosts = {h for h in mathematical_hosts(labels.values()) if recalled[h] > HOST_SHARE * pages[h]}
    all_math = sum(label.label == MATH for label in labels.values())
    return Quality(
        stage, len(urls), new,
        precision=kinds[MATH] / max(1, kinds[MATH] + kinds[NONMATH]),
        recall=kinds[MATH] / max(1, all_math),
        hosts_found=tuple(sorted(hosts)),
        hosts_seeded=len(hosts & seeded),
        chinese_found=sum(k.label == MATH and k.language == CHINESE for k in kept),
        unsure_kept=len(kept) - kinds[MATH] - kinds[NONMATH],
        unlabelled=len(urls) - len(kept),
    )  # fmt: skip


def recalled_urls(lake: Lake, address: Address) -> list[str]:
    return [str(u) for u in lake.read_table(address, ["url"], "corpus_quality")["url"].to_pylist()]


def seeded_hosts(lake: Lake, version: str, labels: dict[str, Label]) -> set[str]:
    """Hosts of the first round's positives."""
    table = lake.read_table(SEEDS.at(version, 1), ["url", "label"], "corpus_quality")
    return {labels[r["url"]].site for r in table.to_pylist() if r["label"] == MATH and r["url"] in labels}


def measure(lake: Lake, version: str, labels: dict[str, Label]) -> list[Quality]:
    """All finished rounds, and the final recall where it is there."""
    # A page that never came out of the crawl cannot be recalled, but it was there to be found: it stays in the labels.
    seeded = seeded_hosts(lake, version, labels)
    found = []
    for address in lake.finished(RECALLED, version):
        manifest = lake.require(address, "corpus_quality")
        new = manifest.figures.get("new_share")
        share = float(new) if isinstance(new, int | float) else None
        found.append(judge(f"round {address.part}", recalled_urls(lake, address), labels, seeded, share))
    if lake.find(MATH_PAGES.at(version)):
        found.append(judge("final", recalled_urls(lake, MATH_PAGES.at(version)), labels, seeded, None))
    return found


def crawled(lake: Lake, version: str) -> set[str]:
    return {u for a in lake.finished(PAGES, version) for u in recalled_urls(lake, a)}


def table(found: Sequence[Quality], hosts: int, chinese: int) -> str:
    """The results as text."""
    rows = [HEADS] + [
        (q.stage, f"{q.pages:,}", "" if q.new_share is None else f"{q.new_share:.1%}", f"{q.precision:.3f}",
         f"{q.recall:.3f}", f"{len(q.hosts_found)} of {hosts}", str(q.hosts_seeded),
         f"{q.chinese_found} of {chinese}", str(q.unsure_kept), str(q.unlabelled))
        for q in found
    ]  # fmt: skip
    widths = [max(len(r[i]) for r in rows) for i in range(len(HEADS))]
    return "\n".join("  ".join(cell.rjust(w) for cell, w in zip(r, widths, strict=True)) for r in rows)


def show(lake: Lake, version: str, labels: dict[str, Label]) -> None:
    kinds: dict[str, int] = defaultdict(int, Counter(label.label for label in labels.values()))
    missing = len(labels.keys() - crawled(lake, version))
    print(
        f"{len(labels):,} labels: {kinds[MATH]:,} math, {kinds[NONMATH]:,} nonmath, {kinds['mixed-unsure']:,} unsure;"
    )
    print(f"{missing:,} of the labelled pages are not among the pages read from the crawl (they count as not found)")
    found = measure(lake, version, labels)
    hosts = mathematical_hosts(labels.values())
    chinese = sum(label.label == MATH and label.language == CHINESE for label in labels.values())
    print(table(found, len(hosts), chinese))
    if found:
        print(f"hosts found: {', '.join(found[-1].hosts_found) or 'none'}")
        print(f"hosts missed: {', '.join(sorted(hosts - set(found[-1].hosts_found))) or 'none'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lake", required=True, help="root of the lake: a folder or an object-store URI")
    parser.add_argument("--labels", required=True, type=Path, help="labels.jsonl of the crawl")
    parser.add_argument("--version", default="v1", help="version of the datasets (default: v1)")
    options = parser.parse_args()
    try:
        show(Lake(options.lake), options.version, read_labels(options.labels))
    except (LakeError, OSError, ValueError, KeyError) as error:
        raise SystemExit(f"corpus_quality: {error}") from error


if __name__ == "__main__":
    main()

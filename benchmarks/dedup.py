"""Near-duplicates of labelled documents, and the speed of finding them against other tools in the same run.

    python benchmarks/dedup.py FOLDER OUT.jsonl [--threshold 0.8] [--no-peers] [--grow 4]

FOLDER has documents.jsonl.gz with rows of id and text; OUT gets {id, kept, cluster}, cluster being the id of the
document that stays. What is measured is the whole way from texts in memory to a decision for each: words, shingles,
signatures, candidates, the exact comparison of each candidate pair, survivors; the same rules as jobs.dedup, without
Spark. Processor time on one core, best of interleaved rounds.

Peers: datasketch's MinHashLSH and rensa's RMinHash with its LSH, 128 permutations, bands at the threshold. As in their
own examples a document goes when an earlier one that stayed is a candidate; no pair is verified. Each is measured from
texts, its words split by a regular expression as a user would write it, and once more with the finished 5-grams as a
gift, so that only its own hashing and lookup are timed.

--grow N measures N times the documents as well, every copy with words of its own, to show how cost and memory grow.
"""

import argparse
import gzip
import json
import re
import resource
import sys
import time
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, from any folder

from jobs.duplicates import Survivors, bucket_pairs, choose_survivors
from jobs.text.masked_numbers import only_numbers_differ
from jobs.text.minhash import PERMUTATIONS, SHINGLE, Banding, Sketch, sketch
from jobs.text.ngrams import ALONE_RANGES
from jobs.text.shingle_sets import pack, packed_jaccard

ROUNDS = 3
_ALONE = "".join(f"{chr(first)}-{chr(last)}" for first, last in ALONE_RANGES)
WORD = re.compile(rf"[{_ALONE}]|(?:(?![{_ALONE}])[^\W_])+")
Finder = Callable[[], list[bool]]
"""Which documents stay."""


@dataclass(frozen=True)
class Document:
    id: str
    text: str


@dataclass(frozen=True)
class Measured:
    """A line of the table."""

    tool: str
    documents: int
    kept: int
    documents_per_second: float
    ratio: float
    """Our documents/s to the tool's."""


@dataclass(frozen=True)
class Decided:
    """Survivors with what it took to find them."""

    stays: list[int]
    """For each document, in order, the place of the one that stays for it."""
    compared: int
    packed_bytes: int


def read_documents(path: Path) -> list[Document]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [Document(row["id"], row["text"]) for row in map(json.loads, lines)]


def decide(documents: Sequence[Document], threshold: float) -> Decided:
    """All of our own work. The set has no formula counts, so of copies the longest stays, then the smallest id."""
    banding = Banding.for_threshold(threshold)
    order = sorted(range(len(documents)), key=lambda i: (-len(documents[i].text), documents[i].id))
    sketches = [sketch(documents[i].text, banding) for i in order]
    packed = pa.array([pack(s.shingles) for s in sketches], pa.binary())
    better, worse = candidates(sketches, threshold)
    similarity = packed_jaccard(packed.take(pa.array(better)), packed.take(pa.array(worse)))
    alike = similarity >= threshold
    better, worse, similarity = better[alike], worse[alike], similarity[alike]
    masks = [s.masked for s in sketches]
    joinable = np.array(
        [not only_numbers_differ(masks[a], masks[b]) for a, b in zip(better, worse, strict=True)], bool
    )  # fmt: skip
    found: Survivors = choose_survivors(len(order), better[joinable], worse[joinable], similarity[joinable])
    stays = [0] * len(order)
    for place, joined in zip(order, found.joined.tolist(), strict=True):
        stays[place] = order[joined]
    return Decided(stays, len(alike), packed.nbytes)


def candidates(sketches: Sequence[Sketch], threshold: float) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Distinct pairs, better and worse, of documents numbered by rank."""
    bands = len(sketches[0].bands)
    buckets = np.concatenate([s.bands for s in sketches]).view(np.int64)
    owners = np.repeat(np.arange(len(sketches)), bands)
    sizes = np.array([len(s.shingles) for s in sketches])
    by_bucket = np.lexsort((owners, buckets))
    owners = owners[by_bucket]
    first, second = bucket_pairs(buckets[by_bucket], sizes[owners], threshold)
    pairs = np.unique(owners[first] * len(sketches) + owners[second])
    return pairs // len(sketches), pairs % len(sketches)


def shingle_words(text: str) -> set[str]:
    """The word 5-grams of a text, in plain Python: what peers are fed."""
    found = WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    size = min(SHINGLE, max(1, len(found)))
    return {" ".join(found[i : i + size]) for i in range(len(found) - size + 1)}


def datasketch(shingles: Callable[[], Iterable[set[str]]], threshold: float) -> Finder:
    from datasketch import MinHash, MinHashLSH

    def find() -> list[bool]:
        lsh = MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS)
        kept: list[bool] = []
        for number, found in enumerate(shingles()):
            minhash = MinHash(num_perm=PERMUTATIONS)
            minhash.update_batch([s.encode() for s in found])
            kept.append(not lsh.query(minhash))
            if kept[-1]:
                lsh.insert(str(number), minhash)
        return kept

    return find


def rensa(shingles: Callable[[], Iterable[set[str]]], threshold: float) -> Finder:
    from datasketch import MinHashLSH
    from rensa import RMinHash, RMinHashLSH

    bands = MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS).b
    bands = min(b for b in range(bands, PERMUTATIONS + 1) if PERMUTATIONS % b == 0)  # rensa's leave no rest

    def find() -> list[bool]:
        lsh = RMinHashLSH(threshold=threshold, num_perm=PERMUTATIONS, num_bands=bands)
        kept: list[bool] = []
        for number, found in enumerate(shingles()):
            minhash = RMinHash(num_perm=PERMUTATIONS, seed=42)
            minhash.update(list(found))
            kept.append(not lsh.query(minhash))
            if kept[-1]:
                lsh.insert(number, minhash)
        return kept

    return find


PEERS = {"datasketch": datasketch, "rensa": rensa}


def fastest(finders: dict[str, Finder]) -> dict[str, tuple[float, int]]:
    """Seconds of processor time of the best of interleaved rounds, and how many documents stayed."""
    best: dict[str, tuple[float, int]] = {}
    for _ in range(ROUNDS):
        for name, find in finders.items():
            begun = time.process_time()
            kept = sum(find())
            seconds = time.process_time() - begun
            best[name] = min(best.get(name, (seconds, kept)), (seconds, kept))
    return best


def measure(documents: Sequence[Document], threshold: float, peers: bool) -> list[Measured]:
    def ours() -> list[bool]:
        return [place == joined for place, joined in enumerate(decide(documents, threshold).stays)]

    finders: dict[str, Finder] = {"ours, verified": ours}
    if peers:
        given = [shingle_words(d.text) for d in documents]
        for name, build in PEERS.items():
            finders[name] = build(lambda: (shingle_words(d.text) for d in documents), threshold)
            finders[f"{name}, 5-grams given"] = build(lambda: given, threshold)
    best = fastest(finders)
    own = best["ours, verified"][0]
    return [
        Measured(name, len(documents), kept, len(documents) / seconds, seconds / own)
        for name, (seconds, kept) in best.items()
    ]


def grown(documents: Sequence[Document], times: int) -> list[Document]:
    """The documents and further copies whose words all bear the copy's number: no pair crosses copies."""
    out = list(documents)
    for copy in range(1, times):
        mark = f"q{copy} "
        out += [Document(f"{d.id}-{copy}", mark.join(d.text.split(" "))) for d in documents]
    return out


def table(measured: Sequence[Measured]) -> str:
    """The lines as Markdown."""
    lines = ["| tool | documents | kept | documents/s | ours is faster by |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {m.tool} | {m.documents:,} | {m.kept:,} | {m.documents_per_second:,.0f} | {m.ratio:.1f} |" for m in measured
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--threshold", type=float, default=0.8)
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True, help="measure other tools too")
    parser.add_argument("--grow", type=int, default=1, help="measure this many times the documents as well")
    parser.add_argument("--json", type=Path, help="write the table as JSON as well")
    options = parser.parse_args()
    documents = read_documents(options.folder / "documents.jsonl.gz")
    found = decide(documents, options.threshold)
    with options.output.open("w", encoding="utf-8") as out:
        for place, (document, joined) in enumerate(zip(documents, found.stays, strict=True)):
            answer = {"id": document.id, "kept": joined == place, "cluster": documents[joined].id}
            out.write(json.dumps(answer) + "\n")
    print(f"{found.compared:,} pairs compared; {found.packed_bytes / len(documents):,.0f} bytes of shingles a document")
    measured = measure(documents, options.threshold, options.peers)
    if options.grow > 1:
        measured += measure(grown(documents, options.grow), options.threshold, peers=False)
        print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")
    print(table(measured))
    if options.json:
        options.json.write_text(json.dumps([asdict(m) for m in measured], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Decontamination of labelled documents, and its speed against other tools in the same run.

    python benchmarks/decontamination.py DOCS.jsonl.gz OUT.jsonl --benchmarks DIR --mode maths [--no-peers]

DOCS has rows of id, text and, for the guard's evidence, url; OUT gets {id, flagged, benchmark, item}, the last two as
lists of every item found, `item` as benchmark/row. Which benchmark files count is declared in decontamination.toml
beside this script. Where DOCS has labels (contaminated, hard) recall and false positives are printed as well.

--mode maths is what jobs.decontaminate does, guard and all; --mode paper is the paper's rule by the letter, without a
guard (--guard and --no-guard choose otherwise). Speeds are of processor time on one core, documents already in memory
and the index built, best of interleaved rounds. Peers: a plain Python set of 10-grams of words, the Janitor of lm-eval
with 10-grams, and the n-gram filter of datatrove with 10-grams; what is not installed is left out with a word.
"""

import argparse
import contextlib
import gzip
import io
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, from any folder

from jobs.common_phrases import common_phrases
from jobs.contamination import ContaminationIndex, Mode, Shared, benchmark_texts
from jobs.lake.benchmarks import read_benchmarks, read_declarations
from jobs.lake.storage import Storage

DECLARATIONS = Path(__file__).with_suffix(".toml")
GRAM = 10
ROUNDS = 3
Finder = Callable[[Sequence[str]], list[bool]]


@dataclass(frozen=True)
class Document:
    id: str
    text: str
    url: str
    contaminated: bool | None
    """None: not labelled, or not in the totals."""


@dataclass(frozen=True)
class Measured:
    """A line of the table."""

    tool: str
    documents_per_second: float
    index_seconds: float
    recall: float | None
    false_positives: float | None


def read_documents(path: Path) -> list[Document]:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    rows = [json.loads(line) for line in data.split(b"\n") if line.strip()]
    return [
        Document(r["id"], r["text"], r.get("url") or "", None if r.get("hard") else r.get("contaminated")) for r in rows
    ]


def search(index: ContaminationIndex, documents: Sequence[Document], guard: bool) -> list[list[Shared]]:
    """What condemns each document; the evidence of the guard is counted over these documents."""
    shared = [index.shared(d.text) for d in documents]
    if not guard:
        return shared
    rows = (
        {**s._asdict(), "page_id": d.id, "url": d.url, "domain": urlsplit(d.url).hostname or d.id}
        for d, found in zip(documents, shared, strict=True)
        for s in found
    )
    common = {p.phrase for p in common_phrases(rows)}
    return [[s for s in found if s.phrase not in common] for found in shared]


def answer(document: Document, found: Sequence[Shared]) -> dict[str, Any]:
    """A line of OUT; the longest shared run comes first."""
    ordered = sorted(found, key=lambda s: (-s.words, s.benchmark, s.item))
    items = list(dict.fromkeys(f"{s.benchmark}/{s.item}" for s in ordered))
    benchmarks = list(dict.fromkeys(s.benchmark for s in ordered))
    return {"id": document.id, "flagged": bool(items), "benchmark": benchmarks, "item": items}


def plain_set(texts: Iterable[str]) -> Finder:
    """Words as white space parts them, 10-grams in a Python set."""

    def grams(text: str) -> set[tuple[str, ...]]:
        words = text.split()
        return {tuple(words[i : i + GRAM]) for i in range(len(words) - GRAM + 1)}

    known = set().union(*map(grams, texts))
    return lambda documents: [not known.isdisjoint(grams(text)) for text in documents]


def janitor(texts: Iterable[str]) -> Finder:
    """lm-eval's Janitor in Python mode; a document is flagged when it would be cut."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        from lm_eval.decontamination.janitor import Janitor

    tool = Janitor(ngram_n=GRAM)
    for text in texts:
        tool.register_contaminant_python(text)
    return lambda documents: [tool.clean_python(text) != [text] for text in documents]


def datatrove(texts: Iterable[str]) -> Finder:
    """datatrove's filter; its indexer only reads lighteval's tasks, so that the hashes are written for it here."""
    import numpy as np
    from datatrove.data import Document as TroveDocument
    from datatrove.pipeline.decont.n_grams import NGramsDecontConfig, NGramsDecontFilter
    from datatrove.utils.text import ngrams, simplify_text

    folder = tempfile.mkdtemp(prefix="decontamination-")
    config = NGramsDecontConfig(n_grams=GRAM)
    tool = NGramsDecontFilter(folder, config)
    hashes: set[int] = set()
    for text in texts:
        words = tool.tokenizer.word_tokenize(simplify_text(text, config.norm_config))
        hashes.update(tool.hash_func(" ".join(gram)) for gram in ngrams(words, GRAM))
    np.array(sorted(hashes), dtype=config.hash_config.np_descr).tofile(f"{folder}/all.index.hashes")
    with contextlib.redirect_stderr(io.StringIO()):
        tool.load_index_hashes()
    return lambda documents: [tool.filter(TroveDocument(text, str(i))) is not True for i, text in enumerate(documents)]


PEERS: dict[str, Callable[[Iterable[str]], Finder]] = {
    "plain set of 10-grams": plain_set, "lm-eval Janitor": janitor, "datatrove": datatrove,
}  # fmt: skip


def rates(documents: Sequence[Document], flagged: Sequence[bool]) -> tuple[float | None, float | None]:
    """Recall and share of false positives over the labelled documents."""
    pairs = [(d.contaminated, f) for d, f in zip(documents, flagged, strict=True)]
    right, wrong = [f for c, f in pairs if c is True], [f for c, f in pairs if c is False]
    return sum(right) / len(right) if right else None, sum(wrong) / len(wrong) if wrong else None


def fastest(finders: dict[str, Finder], texts: Sequence[str]) -> dict[str, float]:
    """Seconds of processor time of the best of interleaved rounds."""
    best = dict.fromkeys(finders, float("inf"))
    for _ in range(ROUNDS):
        for name, find in finders.items():
            begun = time.process_time()
            find(texts)
            best[name] = min(best[name], time.process_time() - begun)
    return best


def built_peers(texts: Sequence[str], seconds: dict[str, float]) -> dict[str, Finder]:
    """The peers that are installed, their indexes built."""
    finders = {}
    for name, build in PEERS.items():
        begun = time.process_time()
        try:
            finders[name] = build(texts)
        except ImportError as error:
            print(f"{name}: left out, {error}", file=sys.stderr)
            continue
        seconds[name] = time.process_time() - begun
    return finders


def measure(options: argparse.Namespace) -> list[Measured]:
    """Write OUT, then measure everything."""
    documents = read_documents(options.documents)
    read = read_benchmarks(Storage(str(options.benchmarks)), "", read_declarations(DECLARATIONS.read_bytes()))
    if not read.items:
        raise SystemExit(f"decontamination: no benchmark item below {options.benchmarks}")
    texts = benchmark_texts(read.items)
    guard = options.mode == "maths" if options.guard is None else options.guard
    seconds: dict[str, float] = {}
    begun = time.process_time()
    index = ContaminationIndex.build(texts, cast(Mode, options.mode))
    ours = f"ours, {options.mode}{', guarded' if guard else ''}"
    seconds[ours] = time.process_time() - begun
    found = search(index, documents, guard)
    with options.output.open("w", encoding="utf-8") as out:
        for document, hits in zip(documents, found, strict=True):
            out.write(json.dumps(answer(document, hits)) + "\n")
    finders: dict[str, Finder] = {ours: lambda _: [bool(hits) for hits in search(index, documents, guard)]}
    if options.peers:
        finders |= built_peers([t.text for t in texts], seconds)
    bodies = [d.text for d in documents]
    best = fastest(finders, bodies)
    return [
        Measured(name, len(documents) / best[name], seconds[name], *rates(documents, find(bodies)))
        for name, find in finders.items()
    ]


def table(measured: Sequence[Measured]) -> str:
    """The lines as Markdown."""

    def percent(value: float | None) -> str:
        return "" if value is None else f"{value:.1%}"

    lines = ["| tool | documents/s | index, s | recall | false positives |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {m.tool} | {m.documents_per_second:,.0f} | {m.index_seconds:.1f} | {percent(m.recall)} "
        f"| {percent(m.false_positives)} |"
        for m in measured
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("documents", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--benchmarks", type=Path, required=True, help="folder of benchmark files")
    parser.add_argument("--mode", choices=("maths", "paper"), default="maths")
    parser.add_argument("--guard", action=argparse.BooleanOptionalAction, help="spare common phrases")
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True, help="measure other tools too")
    parser.add_argument("--json", type=Path, help="write the table as JSON as well")
    options = parser.parse_args()
    measured = measure(options)
    print(table(measured))
    if options.json:
        options.json.write_text(json.dumps([asdict(m) for m in measured], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

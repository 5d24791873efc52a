"""Speed, memory and exactness of the linear scorer against fastText's own predict, with one model of the paper's size.

    python benchmarks/scoring.py CRAWL [--json TABLE.json] [--dim 256] [--bucket 2000000] [--epoch 3]

CRAWL is a WARC file or a folder of them. A classifier is trained on its pages, those with formulas against those
without: what it learns does not matter here, its words and weights are those of real pages. Then every page is scored,
as the classifier reads it and as plain text, by fastText with the trained model and by the linear scorer, and the
largest difference is told.

Speeds are of processor time on one core for lines of 4 KB in memory, best of interleaved rounds. Memory is what the
process grows by when it loads a model and reads all of it. Reading pages for the classifier (jobs/text/normalise) has
a line of its own: it comes before either.
"""

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, from any folder

import fasttext
import numpy as np
import numpy.typing as npt

from jobs.fasttext_model import LABEL, TrainingSettings, train
from jobs.text.linear_model import LinearScorer, read_linear, write_linear
from jobs.text.normalise import normalise
from jobs.text.normalise import read_texts as read_tokens
from jobs.web.page_text import extract_page
from jobs.web.warc_records import WarcPage, read_warc

MATH = "math"
LINE_BYTES = 4096
ROUNDS = 5
PAPER = TrainingSettings(dim=256, lr=0.1, word_ngrams=3, min_count=3, epoch=3, bucket=2_000_000)
Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Text:
    """A page of the crawl."""

    text: str
    line: str
    """As the classifier reads it."""
    has_formulas: bool


@dataclass(frozen=True)
class Measured:
    """A line of the table."""

    tool: str
    lines_per_second: float
    memory_mb: float | None = None
    file_mb: float | None = None
    largest_difference: float | None = None
    """From fastText's probability with the trained model, on any page; None for what is no scorer."""
    pages: int = 0
    """Pages that the difference is of, each scored twice."""


@dataclass(frozen=True)
class Models:
    """One trained model: fastText's file, the same projected to dim 1, the linear one."""

    whole: Path
    reduced: Path
    linear: Path


def read_texts(crawl: Path) -> list[Text]:
    files = [crawl] if crawl.is_file() else sorted(f for f in crawl.iterdir() if ".warc" in f.name)
    pages = (page for file in files for page in read_warc(str(file)) if isinstance(page, WarcPage))
    extracted = (extract_page(page.html, page.url) for page in pages)
    return [Text(page.text, normalise(page.text), page.formulas_kept > 0) for page in extracted]


def make_models(texts: Sequence[Text], settings: TrainingSettings, folder: Path) -> Models:
    made = Models(folder / "whole.bin", folder / "reduced.bin", folder / "linear.npy")
    lines = [f"{LABEL}{MATH if t.has_formulas else 'other'} {t.line}" for t in texts if t.line]
    examples = folder / "examples.txt"
    examples.write_text("\n".join(lines) + "\n", encoding="utf-8")
    model = train(examples, made.whole, settings)
    model.write(made.reduced)
    write_linear(made.linear, model.words, model.towards(LABEL + MATH), model.word_ngrams)
    return made


def fasttext_scores(model: "fasttext.FastText._FastText", lines: Sequence[str]) -> Scores:
    """fastText's own probability of mathematics; 0 where it has no prediction."""
    labels, probabilities = model.predict(list(lines), k=2)
    found = [dict(zip(names, p, strict=True)) for names, p in zip(labels, probabilities, strict=True)]
    return np.array([f.get(LABEL + MATH, 0.0) for f in found], np.float64)


def lines_of(texts: Sequence[Text]) -> list[str]:
    """All that the classifier reads, in lines of LINE_BYTES, cut at blanks."""
    words = " ".join(t.line for t in texts).encode()
    lines = []
    at = 0
    while len(words) - at > LINE_BYTES:
        end = words.rindex(b" ", at, at + LINE_BYTES)
        lines.append(words[at:end].decode())
        at = end + 1
    return lines or [words.decode()]


def speeds(runs: Sequence[Callable[[], object]], lines: int) -> list[float]:
    """Lines per second of each, in processor time, the best of interleaved rounds."""
    best = [float("inf")] * len(runs)
    for _ in range(ROUNDS):
        for number, run in enumerate(runs):
            start = time.process_time()
            run()
            best[number] = min(best[number], time.process_time() - start)
    return [lines / seconds for seconds in best]


def memory_mb(load: Callable[[str], object], path: Path) -> float:
    """What a new process grows by when it loads the model."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_growth, (load, str(path)))


def _growth(load: Callable[[str], object], path: str) -> float:
    before = resident_mb()
    kept = load(path)
    after = resident_mb()
    del kept
    return after - before


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def load_fasttext(path: str) -> object:
    return fasttext.load_model(path)


def load_linear(path: str) -> object:
    """All of the file is in memory, as after many texts."""
    model = read_linear(Path(path))
    return model, [float(array.sum()) for array in model[1:]]


def measure(texts: Sequence[Text], models: Models) -> Iterator[Measured]:
    whole, reduced = fasttext.load_model(str(models.whole)), fasttext.load_model(str(models.reduced))
    linear = LinearScorer(models.linear)
    everything = [t.line for t in texts] + [t.text.replace("\n", " ") for t in texts]
    expected = fasttext_scores(whole, everything)
    lines = lines_of(texts)
    texts_of_lines = [t.text for t in texts]
    rates = speeds(
        [lambda: whole.predict(lines), lambda: reduced.predict(lines), lambda: linear.score(lines),
         lambda: read_tokens(texts_of_lines)], len(lines),
    )  # fmt: skip
    tools = (
        (f"fastText predict, dim {whole.get_dimension()}", models.whole, load_fasttext, expected),
        ("fastText predict, dim 1", models.reduced, load_fasttext, fasttext_scores(reduced, everything)),
        ("linear scorer", models.linear, load_linear, linear.score(everything)),
    )
    for (tool, path, load, scores), rate in zip(tools, rates, strict=False):
        difference = float(np.abs(scores - expected).max())
        yield Measured(tool, rate, memory_mb(load, path), path.stat().st_size / 1e6, difference, len(texts))
    yield Measured("reading a page (normalise)", rates[-1])


def show(table: Sequence[Measured]) -> None:
    print("| tool | 4 KB lines/s | times fastText | memory MB | of fastText's | file MB | largest difference |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    first = table[0]
    for m in table:
        cells = [m.tool, f"{m.lines_per_second:,.0f}", f"{m.lines_per_second / first.lines_per_second:.1f}"]
        if m.memory_mb is None or not first.memory_mb:
            cells += [""] * 4
        else:
            cells += [f"{m.memory_mb:,.1f}", f"{m.memory_mb / first.memory_mb:.2%}", f"{m.file_mb:,.1f}",
                      f"{m.largest_difference:.1e}"]  # fmt: skip
        print(f"| {' | '.join(cells)} |")
    print(f"\n{first.pages:,} pages, each as the classifier reads it and as plain text")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("crawl", type=Path)
    parser.add_argument("--json", type=Path, help="write the table here as well")
    parser.add_argument("--dim", type=int, default=PAPER.dim)
    parser.add_argument("--bucket", type=int, default=PAPER.bucket)
    parser.add_argument("--epoch", type=int, default=PAPER.epoch)
    options = parser.parse_args()
    settings = TrainingSettings(
        options.dim, PAPER.lr, PAPER.word_ngrams, PAPER.min_count, options.epoch, options.bucket
    )  # fmt: skip
    texts = read_texts(options.crawl)
    with tempfile.TemporaryDirectory() as folder:
        table = list(measure(texts, make_models(texts, settings, Path(folder))))
    show(table)
    if options.json:
        options.json.write_text(json.dumps([asdict(m) for m in table], indent=1))


if __name__ == "__main__":
    main()

"""Scores pages by a classifier's linear model: what a Spark task does with a batch of texts."""

from collections.abc import Callable, Iterator

import pyarrow as pa

from jobs.lake.datasets import Address
from jobs.lake.stage import StageError
from jobs.runner import SparkRun
from jobs.selection import score_bin
from jobs.text.linear_model import LINEAR
from jobs.text.normalise import read_texts

EMPTY_BIN = -1  # pages without text: they have no score worth a name
SCORED = "page_id string, url string, domain string, score double, tokens long, bin int"


def model_digest(run: SparkRun, model: Address) -> str:
    """The digest of the model to score with. Raises StageError where the classifier was made before there was one."""
    for file in run.input(model).files:
        if file.name == LINEAR:
            return file.sha256
    raise StageError(
        f"{run.name}: {model} holds no {LINEAR}: an earlier release made it; "
        f"build it again with '{model.remedy} ARGS=--replace'"
    )


def score_pages(uri: str, name: str, digest: str) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Pages -> their scores and token counts. A page without text scores 0."""

    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from jobs.text.linear_model import load

        scorer = load(uri, name, digest)
        for batch in batches:
            read = read_texts(batch.column("text").to_pylist())
            scores = scorer.score_bytes(read.text, read.bounds)
            scores[read.counts == 0] = 0.0
            bins = [score_bin(s) if c else EMPTY_BIN for s, c in zip(scores, read.counts, strict=True)]
            yield pa.RecordBatch.from_pydict({
                **{c: batch.column(c) for c in ("page_id", "url", "domain")},
                "score": pa.array(scores, pa.float64()), "tokens": pa.array(read.counts, pa.int64()),
                "bin": pa.array(bins, pa.int32()),
            })  # fmt: skip

    return score

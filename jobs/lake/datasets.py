"""Every dataset of the lake by name, and the address of each version and part of it.

{root}/{dataset}/{version}/[crawl=CC-MAIN-2026-43 | round=2 | source=math | stage=sft]/...
"""

import re
from dataclasses import dataclass

import pyarrow as pa

from jobs.lake import tables

DEFAULT_VERSION = "v1"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")


@dataclass(frozen=True)
class Dataset:
    """A named dataset: what splits a version of it, its rows' schema (None: a folder of files), and who makes it."""

    name: str
    made_by: str
    split_by: str = ""
    schema: pa.Schema | None = None

    def at(self, version: str, part: str | int = "") -> "Address":
        return Address(self, version, str(part))


@dataclass(frozen=True)
class Address:
    """One immutable place in the lake. Stages name addresses; only the lake turns them into paths."""

    dataset: Dataset
    version: str
    part: str = ""

    def __post_init__(self) -> None:
        if bool(self.part) != bool(self.dataset.split_by):
            need = f"a {self.dataset.split_by}" if self.dataset.split_by else "no part"
            raise ValueError(f"an address in {self.dataset.name} has {need}, got {self.part!r}")
        for word in (self.version, self.part or "x"):
            if not NAME.match(word):
                raise ValueError(f"{word!r} cannot be part of an address: letters, digits, '.', '_' and '-' only")

    @property
    def folder(self) -> str:
        """The name of the address below the lake's root."""
        split = f"/{self.dataset.split_by}={self.part}" if self.part else ""
        return f"{self.dataset.name}/{self.version}{split}"

    def __str__(self) -> str:
        return self.folder

    @property
    def remedy(self) -> str:
        """The command that makes it."""
        version = "" if self.version == DEFAULT_VERSION else f" VERSION={self.version}"
        if self.dataset in (MODELS, CHECKPOINTS):
            return f"make {self.part.partition('-')[0]}{version}"
        split = f" {self.dataset.split_by.upper()}={self.part}" if self.part else ""
        return f"make {self.dataset.made_by.rpartition('.')[2]}{split}{version}"


SAMPLE = Dataset("sample", "jobs.sample_crawl")
CRAWL = Dataset("crawl", "jobs.crawl", "crawl", tables.CRAWL)
PAGES = Dataset("pages", "jobs.pages", "crawl", tables.PAGES)
FORMULA_LEDGER = Dataset("formula_ledger", "jobs.pages", "crawl", tables.FORMULA_LEDGER)
SEEDS = Dataset("seeds", "jobs.seeds", "round", tables.SEEDS)
CLASSIFIER = Dataset("classifier", "jobs.classifier", "round")
RECALLED = Dataset("recalled", "jobs.recall", "round", tables.RECALLED)
DOMAINS = Dataset("domains", "jobs.domains", "round", tables.DOMAINS)
APPROVALS = Dataset("approvals", "jobs.approvals", "round", tables.APPROVALS)
JUDGEMENTS = Dataset("judgements", "jobs.judgements", "round")
MATH_PAGES = Dataset("math_pages", "jobs.math_pages", schema=tables.MATH_PAGES)
DEDUPED = Dataset("deduped", "jobs.dedup", schema=tables.DEDUPED)
SIGNATURES = Dataset("signatures", "jobs.dedup", schema=tables.SIGNATURES)
DOMAIN_LOSSES = Dataset("domain_losses", "jobs.dedup", schema=tables.DOMAIN_LOSSES)
CONTAMINATION = Dataset("contamination", "jobs.decontaminate", schema=tables.CONTAMINATION)
COMMON_PHRASES = Dataset("common_phrases", "jobs.decontaminate", schema=tables.COMMON_PHRASES)
CORPUS = Dataset("corpus", "jobs.decontaminate", schema=tables.CORPUS)
TOKENIZER = Dataset("tokenizer", "jobs.tokenizer")
SHARDS = Dataset("shards", "jobs.shards", "source")
REMOVALS = Dataset("removals", "jobs.remove", schema=tables.REMOVALS)  # version: the number of the list's state
CHANGES = Dataset("changes", "jobs.changes", schema=tables.CHANGES)
REPORT = Dataset("report", "jobs.corpus_report")
MODELS = Dataset("models", "training", "stage")
CHECKPOINTS = Dataset("checkpoints", "training", "step")  # part: STAGE-STEP, such as sft-00000100
EVALUATIONS = Dataset("evaluations", "training.evaluate", "stage", tables.EVALUATIONS)

DATASETS = {
    dataset.name: dataset
    for dataset in (
        SAMPLE, CRAWL, PAGES, FORMULA_LEDGER, SEEDS, CLASSIFIER, RECALLED, DOMAINS, APPROVALS, MATH_PAGES, DEDUPED,
        SIGNATURES, DOMAIN_LOSSES, JUDGEMENTS,
        CONTAMINATION, COMMON_PHRASES, CORPUS, TOKENIZER, SHARDS, REMOVALS, CHANGES, REPORT,
        MODELS, CHECKPOINTS, EVALUATIONS,
    )
}  # fmt: skip


def parse_address(text: str) -> Address:
    """`recalled/v1/round=2` -> Address. Raises ValueError that says what an address looks like."""
    words = text.strip("/").split("/")
    dataset = DATASETS.get(words[0])
    if dataset is None:
        raise ValueError(f"no dataset {words[0]!r} in {text!r}; there are: {', '.join(sorted(DATASETS))}")
    split, _, part = words[2].partition("=") if len(words) == 3 else ("", "", "")
    if len(words) not in (2, 3) or split != dataset.split_by:
        shape = f"{dataset.name}/VERSION" + (f"/{dataset.split_by}=..." if dataset.split_by else "")
        raise ValueError(f"{text!r} is not an address of {dataset.name}: write {shape}")
    return Address(dataset, words[1], part)

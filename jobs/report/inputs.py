"""What the report is made from: everything finished at its version, and what is not there yet."""

from collections.abc import Mapping
from dataclasses import dataclass

from jobs.lake.catalog import Lake
from jobs.lake.datasets import (
    APPROVALS,
    CLASSIFIER,
    COMMON_PHRASES,
    CONTAMINATION,
    CORPUS,
    CRAWL,
    DEDUPED,
    DOMAINS,
    EVALUATIONS,
    FORMULA_LEDGER,
    JUDGEMENTS,
    MATH_PAGES,
    MODELS,
    PAGES,
    RECALLED,
    SEEDS,
    SHARDS,
    Address,
    Dataset,
)  # fmt: skip
from jobs.lake.manifest import Manifest
from jobs.lake.stage import StageError

READ = (
    CRAWL, PAGES, FORMULA_LEDGER, SEEDS, CLASSIFIER, RECALLED, DOMAINS, APPROVALS, JUDGEMENTS, MATH_PAGES, DEDUPED,
    CONTAMINATION, COMMON_PHRASES, CORPUS, SHARDS, MODELS, EVALUATIONS,
)  # fmt: skip
MODEL_STAGES = ("pretrain", "sft", "reward_model", "grpo")
EVALUATED_STAGES = ("pretrain", "sft", "grpo")


@dataclass(frozen=True)
class Step:
    """A box of the flow at the head of the report."""

    name: str
    done: bool
    remedy: str
    """The command that would do it."""


@dataclass(frozen=True)
class Inputs:
    """The finished addresses of one version and their manifests."""

    lake: Lake
    version: str
    manifests: Mapping[str, Manifest]
    """Address as text -> manifest, for every input of the report."""

    def parts(self, dataset: Dataset) -> list[tuple[Address, Manifest]]:
        """The finished addresses of a dataset, in order of their parts (numbers by value)."""
        found = self.lake.finished(dataset, self.version)
        return [(a, self.manifests[str(a)]) for a in found if str(a) in self.manifests]

    def find(self, address: Address) -> Manifest | None:
        return self.manifests.get(str(address))


def finished(lake: Lake, version: str) -> list[Address]:
    """All that a report of this version can tell of. Raises StageError where there are no pages yet."""
    if not lake.finished(PAGES, version):
        raise StageError(
            f"corpus_report: version {version} has no finished pages under {lake.storage.address('')}, so there is "
            "nothing to report; run 'make pages' first, or name another version (--version NAME)"
        )
    return [address for dataset in READ for address in lake.finished(dataset, version)]


def flow(inputs: Inputs) -> list[Step]:
    """The flow of the project, each step with whether it is done at this version."""
    steps = []
    for dataset in READ:
        if dataset in (MODELS, EVALUATIONS, MATH_PAGES, CONTAMINATION, COMMON_PHRASES, FORMULA_LEDGER, JUDGEMENTS):
            continue  # models and evaluations stand below by stage; judgements are as a person likes; the others come
            # with another dataset
        name = dataset.made_by.rpartition(".")[2]
        steps.append(Step(name, bool(inputs.parts(dataset)), f"make {name}"))
    evaluated = [s for s in EVALUATED_STAGES if inputs.find(EVALUATIONS.at(inputs.version, s))]
    for stage in MODEL_STAGES:
        steps.append(Step(stage, inputs.find(MODELS.at(inputs.version, stage)) is not None, f"make {stage}"))
    missing = [s for s in EVALUATED_STAGES if s not in evaluated]
    name = "evaluate" if not evaluated else f"evaluate ({', '.join(evaluated)})"
    steps.append(Step(name, bool(evaluated), f"make evaluate MODEL={missing[0] if missing else 'grpo'}"))
    return steps

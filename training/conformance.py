"""The paper's settings as a checked document: every run can say where it follows the paper, where it does not, and what
it decided that the paper leaves open.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal

from training.config import Recipe


@dataclass(frozen=True)
class PaperSetting:
    """One number of the paper: where a stage's config holds it, its value, and where the paper says it."""

    path: str
    value: object
    section: str


INHERITED = "DeepSeek-LLM, which 2.3 follows"
PRETRAIN_7B = (
    PaperSetting("model.hidden", 4096, INHERITED),
    PaperSetting("model.layers", 30, INHERITED),
    PaperSetting("model.heads", 32, INHERITED),
    PaperSetting("model.kv_heads", 32, INHERITED),
    PaperSetting("model.intermediate", 11008, INHERITED),
    PaperSetting("model.vocabulary", 102_400, INHERITED),
    PaperSetting("model.context", 4096, "2.3"),
    PaperSetting("model.init_std", 0.006, INHERITED),
    PaperSetting("optimizer.peak", 4.2e-4, "2.3"),
    PaperSetting("sequences", 2441, "2.3: 10 M tokens a batch"),
    PaperSetting("steps", 50_000, "2.3: 500 B tokens"),
    PaperSetting(
        "mixture.shares",
        (("math", 0.56), ("github_code", 0.20), ("arxiv", 0.10), ("natural_language", 0.10), ("algebraic_stack", 0.04)),
        "2.3",
    ),
)
PRETRAIN_1B = (
    PaperSetting("model.context", 4096, "2.2"),
    PaperSetting("optimizer.peak", 5.3e-4, "2.2"),
    PaperSetting("sequences", 976, "2.2: 4 M tokens a batch"),
    PaperSetting("steps", 37_500, "2.2: 150 B tokens"),
)
PRETRAIN = (
    PaperSetting("optimizer.schedule.warmup_steps", 2000, "2.2"),
    PaperSetting("optimizer.schedule.drops", ((0.8, 0.316), (0.9, 0.10)), "2.2: 31.6% after 80%, 10% after 90%"),
    PaperSetting("optimizer.beta1", 0.9, "2.2"),
    PaperSetting("optimizer.beta2", 0.95, "2.2"),
    PaperSetting("optimizer.weight_decay", 0.1, "2.2"),
    PaperSetting("optimizer.clip", 1.0, INHERITED),
)
LATER_STAGES = {
    "sft": (
        PaperSetting("optimizer.peak", 5e-5, "3.2"),
        PaperSetting("optimizer.schedule.drops", (), "3.2: constant"),
        PaperSetting("rows", 256, "3.2"),
        PaperSetting("steps", 500, "3.2"),
        PaperSetting("context", 4096, "3.2"),
        PaperSetting("examples", 776_000, "3.1"),
    ),
    "reward_model": (
        PaperSetting("optimizer.peak", 2e-5, "4.2"),
        PaperSetting("completions", 8, "Math-Shepherd, which 4.2 follows"),
    ),
    "grpo": (
        PaperSetting("optimizer.peak", 1e-6, "4.2"),
        PaperSetting("beta", 0.04, "4.2"),
        PaperSetting("group", 64, "4.2"),
        PaperSetting("max_new_tokens", 1024, "4.2"),
        PaperSetting("updates", 1, "4.2"),
        PaperSetting("questions", 144_000, "4.2"),
        PaperSetting("reward", "reward_model", "4.1"),
    ),
    "evaluate": (PaperSetting("max_new_tokens", 1024, "6"), PaperSetting("samples", 64, "5.2.2")),
}


@dataclass(frozen=True)
class Finding:
    """How one setting of a run stands to the paper."""

    verdict: Literal["as the paper", "DIFFERS", "open"]
    text: str


def paper_settings(stage: str, paper_run: str) -> tuple[PaperSetting, ...]:
    if stage == "pretrain":
        return (*(PRETRAIN_1B if paper_run == "1.3B" else PRETRAIN_7B), *PRETRAIN)
    return LATER_STAGES[stage]


def findings(stage: str, recipe: Recipe) -> list[Finding]:
    """Every setting of the paper that a stage has, and every open choice of the recipe that concerns it."""
    config: Any = getattr(recipe, stage)
    found = []
    for setting in paper_settings(stage, recipe.paper_run):
        here = attrgetter(setting.path)(config)
        if here == setting.value:
            found.append(Finding("as the paper", f"{setting.path} = {_shown(here)} ({setting.section})"))
        else:
            text = f"{setting.path} = {_shown(here)}; the paper: {_shown(setting.value)} ({setting.section})"
            found.append(Finding("DIFFERS", text))
    return [*found, *(Finding("open", f"{k}: {v}") for k, v in concerning(stage, recipe.open_choices).items())]


def concerning(stage: str, choices: Mapping[str, str]) -> dict[str, str]:
    """Open choices of this stage, and those of no stage in particular."""
    stages = {"pretrain", *LATER_STAGES}
    return {k: v for k, v in choices.items() if k.partition(".")[0] not in stages - {stage}}


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(" ".join(map(str, v)) if isinstance(v, tuple) else str(v) for v in value) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)

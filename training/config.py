"""What a training recipe says: frozen dataclasses, complete, with units; every number that shapes a run stands here or
in `training/recipes`. Where a default is the paper's, the field names the section; (open): the paper does not say.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

from jobs.lake.settings import JsonValue
from training.prompts import Suffix


@dataclass(frozen=True)
class RopeScaling:
    """Rotary positions stretched beyond the context of pretraining, as Hugging Face names and computes them."""

    kind: Literal["linear", "llama3"]
    factor: float
    low_frequency_factor: float = 1.0
    """llama3: waves longer than original_context / this are stretched whole."""
    high_frequency_factor: float = 4.0
    """llama3: waves shorter than original_context / this stay as they are."""
    original_context: int = 8192
    """llama3: the context of pretraining."""


@dataclass(frozen=True)
class ModelConfig:
    """A Llama-architecture decoder (paper 2.2: the shape of DeepSeek-LLM)."""

    hidden: int
    """Width of the residual stream."""
    layers: int
    heads: int
    kv_heads: int
    """Key/value heads; fewer than `heads` is grouped-query attention."""
    intermediate: int
    """Width of the SwiGLU feed-forward."""
    vocabulary: int
    """Rows of the embedding; at least the tokenizer's size."""
    context: int
    """Tokens a sequence may have."""
    rope_theta: float = 10_000.0
    norm_epsilon: float = 1e-6
    init_std: float = 0.006
    """Standard deviation of all initial matrices (DeepSeek-LLM)."""
    head_dim: int | None = None
    """Width of an attention head; None: hidden / heads."""
    tied: bool = False
    """The output matrix is the embedding."""
    rope_scaling: RopeScaling | None = None

    def __post_init__(self) -> None:
        if (self.head_dim is None and self.hidden % self.heads) or self.heads % self.kv_heads or self.head_width % 2:
            raise ValueError(
                f"hidden {self.hidden} must split into {self.heads} heads of even width, and heads into "
                f"{self.kv_heads} key/value heads"
            )

    @property
    def head_width(self) -> int:
        return self.head_dim or self.hidden // self.heads


@dataclass(frozen=True)
class Schedule:
    """Learning rate by step: linear warm-up, then the peak times the factor of the last drop passed (paper 2.2)."""

    warmup_steps: int
    drops: tuple[tuple[float, float], ...] = ((0.8, 0.316), (0.9, 0.10))
    """(share of all steps, factor of the peak); () is constant."""

    def factor(self, step: int, steps: int) -> float:
        """Factor of the peak for the update of `step` (from 0) out of `steps`."""
        if step < self.warmup_steps:
            return (step + 1) / self.warmup_steps
        passed = [factor for share, factor in self.drops if step >= round(share * steps)]
        return passed[-1] if passed else 1.0


@dataclass(frozen=True)
class OptimizerConfig:
    """AdamW (paper 2.2) and its schedule."""

    peak: float
    """Peak learning rate."""
    schedule: Schedule
    beta1: float = 0.9
    beta2: float = 0.95
    epsilon: float = 1e-8
    weight_decay: float = 0.1
    """On matrices and embeddings, not on norms (open)."""
    clip: float = 1.0
    """Largest L2 norm of the whole gradient (DeepSeek-LLM)."""
    stop_after_skipped: int = 10
    """This many non-finite steps in a row stop the run."""


@dataclass(frozen=True)
class ParallelConfig:
    """How a step is spread over devices; changes speed and memory, and results only by rounding."""

    micro_batch: int
    """Sequences (packed rows) per process and forward pass."""
    gpus: int = 1
    """GPUs the recipe is meant for: the dry run's plan. The launcher decides how many there are."""
    zero_stage: Literal[0, 1, 2, 3] = 0
    """DeepSpeed's ZeRO stage: 1 shards optimizer states over processes, 2 also gradients, 3 also weights. 0 is plain
    data parallelism, for which PyTorch alone is enough."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """bf16: bfloat16 arithmetic with float32 master weights."""
    activation_checkpointing: bool = False
    """Recompute each layer in the backward pass instead of keeping its activations."""


@dataclass(frozen=True)
class Saving:
    """When checkpoints are written, and how many of a run are kept."""

    every: int
    """Steps between checkpoints."""
    keep: int = 2


@dataclass(frozen=True)
class Mixture:
    """Sources of tokens and their shares of the training tokens (paper 2.2); shares add up to 1."""

    shares: tuple[tuple[str, float], ...]
    only_present: bool = False
    """Leave out sources that the lake lacks and spread their share; otherwise a missing source is an error."""

    def __post_init__(self) -> None:
        if abs(sum(share for _, share in self.shares) - 1) > 1e-9:
            raise ValueError(f"shares of a mixture add up to 1, not {sum(share for _, share in self.shares)}")

    def over(self, sources: Collection[str]) -> dict[str, float]:
        """Source -> share of these sources alone, in the mixture's order, the others' shared out in proportion."""
        shares = {source: share for source, share in self.shares if source in sources}
        whole = sum(shares.values())
        return {source: share / whole for source, share in shares.items()}


@dataclass(frozen=True)
class PretrainConfig:
    """Next-token training on the mixture."""

    model: ModelConfig
    optimizer: OptimizerConfig
    parallel: ParallelConfig
    mixture: Mixture
    sequences: int
    """Sequences of `length` tokens in a step, over all processes."""
    steps: int
    saving: Saving
    document_mask: bool = True
    """A token attends only to its own document (open)."""
    context: int | None = None
    """Tokens of a sequence; None: the model's context. A checkpoint that is trained on may have a longer one."""

    @property
    def length(self) -> int:
        """Tokens of a sequence."""
        return self.context or self.model.context

    @property
    def tokens_per_step(self) -> int:
        return self.sequences * self.length


@dataclass(frozen=True)
class SftConfig:
    """Supervised fine-tuning on questions and worked answers (paper 3)."""

    optimizer: OptimizerConfig
    parallel: ParallelConfig
    examples: int
    """Examples taken from the generated word problems, where no file of examples is given."""
    rows: int
    """Packed rows in a step: the paper's batch size 256."""
    steps: int
    saving: Saving
    context: int
    """Tokens of a row: examples are joined at random up to this."""
    suffix: Literal["none", "kind"] = "kind"
    """kind: after each question the sentence that asks for an answer of its kind, in its language, as evaluation does
    (open)."""
    held_out: float = 0.01
    """Share of the questions that are never trained on: the validation loss is theirs (open)."""
    validate_every: int = 50
    """Steps between measurements of the validation loss; after the last step there is always one."""


@dataclass(frozen=True)
class RewardModelConfig:
    """The reward model (paper 4.2; labels as in Math-Shepherd)."""

    optimizer: OptimizerConfig
    parallel: ParallelConfig
    questions: int
    samples: int
    """Solutions sampled for each question, to be labelled."""
    saving: Saving
    completions: int = 8
    """Completions sampled from a step's end to label the step, under process supervision (Math-Shepherd: N = 8)."""
    supervision: Literal["outcome", "process"] = "outcome"
    """outcome: one label a solution; process: one a step."""
    label: Literal["hard", "soft"] = "hard"
    """Step labels: hard: any completion is right; soft: the share that is (Math-Shepherd)."""
    rows: int = 256
    """Solutions in a step."""
    epochs: int = 1
    max_new_tokens: int = 1024
    temperature: float = 1.0
    held_out: float = 0.1
    """Share of questions kept apart to measure the reward model."""
    suffix: Suffix = "english"
    """The sentence after each question."""


@dataclass(frozen=True)
class GrpoConfig:
    """Group relative policy optimisation (paper 4.1)."""

    optimizer: OptimizerConfig
    parallel: ParallelConfig
    questions: int
    """Training questions to draw from."""
    questions_per_step: int
    """Questions of one exploration; with `group` outputs each (paper: "batch size 1024", ambiguous)."""
    steps: int
    """Explorations in an iteration."""
    saving: Saving
    group: int = 64
    """Outputs sampled for a question (G)."""
    beta: float = 0.04
    """Weight of the KL term."""
    epsilon: float = 0.2
    """Clip range of the ratio (open)."""
    updates: int = 1
    """Updates per exploration."""
    iterations: int = 1
    """Iterations of Algorithm 1: after each, the reference becomes the policy."""
    max_new_tokens: int = 1024
    temperature: float = 1.0
    """(open) The nucleus is the whole vocabulary: samples come from the very distribution that is updated."""
    std: Literal["population", "sample"] = "population"
    """Divisor of the group's standard deviation (open)."""
    reward: Literal["verifier", "reward_model", "sum"] = "reward_model"
    """What scores an output: exact grading of the final answer (0 or 1), the probability that the trained reward model
    gives (paper), or the sum of both."""
    supervision: Literal["outcome", "process"] = "outcome"
    """outcome: one reward an output; process: one a step, from a reward model trained on steps."""
    suffix: Suffix = "english"
    """The sentence after each question."""


@dataclass(frozen=True)
class EvaluateConfig:
    """Evaluation (paper 2.3, 6)."""

    questions: int
    """Held-out questions of the generated benchmark."""
    rows: int
    """Answers decoded together."""
    max_new_tokens: int = 1024
    """Greedy decoding up to this many tokens."""
    samples: int = 64
    """Samples a question for Maj@K and Pass@K; 0 leaves both out."""
    temperature: float = 0.7
    """Of those samples (open)."""
    suffix: Suffix = "english"
    """The sentence after each question."""
    precision: Literal["fp32", "bf16"] = "fp32"


@dataclass(frozen=True)
class Recipe:
    """One whole run of the training flow."""

    name: str
    paper_run: Literal["7B", "1.3B"]
    """Which of the paper's runs it is compared with: the model, or the ablation of corpora (paper 2.1)."""
    pretrain: PretrainConfig
    sft: SftConfig
    reward_model: RewardModelConfig
    grpo: GrpoConfig
    evaluate: EvaluateConfig
    open_choices: Mapping[str, str] = field(default_factory=dict)
    """What the paper leaves open and this recipe decides: name -> decision and reason."""


def as_json(config: object) -> dict[str, JsonValue]:
    """A config as JSON values, tuples as lists, for checkpoints and published models."""
    return {name: _plain(value) for name, value in asdict(config).items()}  # type: ignore[call-overload]


def _plain(value: JsonValue | tuple[JsonValue, ...]) -> JsonValue:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value

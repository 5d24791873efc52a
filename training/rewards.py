"""What an output is worth: exact grading of its answer, or the reward model's probability at the end of each step.

The reward model (paper 4.2) is the decoder with one output instead of a vocabulary: a logit at every position, trained
and read at step ends. A step is a line; the last token of an output ends its last step.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import safetensors.torch
import torch
from torch import Tensor, nn

from jobs.lake.catalog import Lake
from jobs.lake.datasets import MODELS, Address
from jobs.lake.settings import JsonValue
from training.checkpoints import CONFIG, METRICS, WEIGHTS, read_config, read_weights
from training.config import ModelConfig
from training.grading import grade
from training.huggingface import to_huggingface
from training.launch import TrainingRun
from training.model import Decoder
from training.rollout import Batch, batch, chunks
from training.tokenizer import FILE as TOKENIZER_FILE
from training.tokenizer import Tokenizer

HEAD, PUBLISHED_HEAD = "lm_head.weight", "score.weight"


def with_reward_head(model: Decoder) -> Decoder:
    """Replace the vocabulary by one output that starts at zero, so that every reward begins at 1/2."""
    weight = model.lm_head.weight
    model.lm_head = nn.Linear(model.config.hidden, 1, bias=False, device=weight.device, dtype=weight.dtype)
    nn.init.zeros_(model.lm_head.weight)
    return model


def step_ends(tokens: Sequence[int], newline_tokens: frozenset[int]) -> list[int]:
    """Indices of the tokens that end a step: the last of each run of tokens with a line break, and the last token."""
    last = len(tokens) - 1
    return [
        i for i, t in enumerate(tokens) if i == last or (t in newline_tokens and tokens[i + 1] not in newline_tokens)
    ]


def newline_tokens(tokenizer: Tokenizer) -> frozenset[int]:
    """Ids of the tokens whose text holds a line break."""
    return frozenset(i for i in range(tokenizer.vocabulary) if "\n" in tokenizer.decode([i]))


def step_end_mask(rows: Batch, ends: Sequence[Sequence[int]]) -> Tensor:
    """[rows, prompt + output] flags at the step ends of the outputs, given as indices within each output."""
    mask = torch.zeros_like(rows.documents, dtype=torch.bool)
    for row, indices in zip(mask, ends, strict=True):
        row[[rows.prompt_width + i for i in indices]] = True
    return mask


@torch.no_grad()
def step_probabilities(model: Decoder, rows: Batch, ends: Sequence[Sequence[int]]) -> list[list[float]]:
    """The reward model's probability at every step end of every output; NaN where the model gives no finite number."""
    mask = step_end_mask(rows, ends)
    scores = torch.sigmoid(model(rows.tokens, documents=rows.documents, at=mask).squeeze(-1).float())
    values = iter(scores.masked_fill(~scores.isfinite(), float("nan")).tolist())
    return [[next(values) for _ in indices] for indices in ends]


def read_reward_model(lake: Lake, address: Address, device: torch.device) -> Decoder:
    """A published reward model; the address must have been required."""
    with torch.device("meta"):
        model = with_reward_head(Decoder(read_config(lake, address)))
    weights = read_weights(lake, address)
    weights[HEAD] = weights.pop(PUBLISHED_HEAD)
    model.load_state_dict(weights, assign=True)
    return model.to(device)


def publish_reward_model(
    run: TrainingRun,
    weights: Mapping[str, Tensor],
    config: ModelConfig,
    tokenizer: Tokenizer,
    recipe: Mapping[str, JsonValue],
    metrics: bytes,
) -> None:
    """Write the model in the layout of Hugging Face's LlamaForSequenceClassification with one label. Rank 0 only."""
    publication = run.output(MODELS)
    named = {PUBLISHED_HEAD if name == HEAD else name: w.contiguous() for name, w in sorted(weights.items())}
    with tempfile.TemporaryDirectory(prefix="model-") as temporary:
        path = Path(temporary) / WEIGHTS
        safetensors.torch.save_file(named, path, metadata={"format": "pt"})
        publication.put(WEIGHTS, str(path))
    head: dict[str, JsonValue] = {"architectures": ["LlamaForSequenceClassification"], "num_labels": 1}
    publication.write_json(CONFIG, {**to_huggingface(config), **head, "pad_token_id": tokenizer.pad})
    publication.write(TOKENIZER_FILE, tokenizer.source.encode())
    publication.write_json("tokenizer_config.json", tokenizer.huggingface_config())
    publication.write_json("recipe.json", dict(recipe))
    publication.write(METRICS, metrics)


@dataclass(frozen=True)
class Scored:
    """What one output is worth."""

    right: bool
    """The verifier's verdict, whatever the reward is."""
    reward: float
    """Of the whole output; NaN where it could not be scored."""
    ends: tuple[int, ...]
    """Indices of the tokens that end steps; the last token alone under outcome supervision."""
    steps: tuple[float, ...]
    """The reward of each step."""


class Scorer:
    """Rewards by the verifier (0 or 1), by the reward model's probability, or by the sum of both.

    The verifier's share belongs to the last step.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        reward: Literal["verifier", "reward_model", "sum"],
        supervision: Literal["outcome", "process"],
        model: Decoder | None,
        rows: int,
    ) -> None:
        if (model is None) != (reward == "verifier"):
            raise ValueError(f"reward {reward!r} and {'no' if model is None else 'a'} reward model do not fit")
        self.tokenizer, self.reward, self.model, self.rows = tokenizer, reward, model, rows
        self._lines = newline_tokens(tokenizer) if supervision == "process" else None

    def score(
        self, prompts: Sequence[Sequence[int]], outputs: Sequence[Sequence[int]], golds: Sequence[str]
    ) -> list[Scored]:
        """One Scored for each output, in order."""
        right = [grade(self.tokenizer.decode(o), gold).correct for o, gold in zip(outputs, golds, strict=True)]
        ends = [step_ends(o, self._lines) if self._lines is not None else [len(o) - 1] for o in outputs]
        steps = [[0.0] * len(e) for e in ends]
        if self.model is not None:
            steps = []
            for part in chunks(list(zip(prompts, outputs, ends, strict=True)), self.rows):
                rows = batch([p for p, _, _ in part], [o for _, o, _ in part], self.model.lm_head.weight.device)
                steps += step_probabilities(self.model, rows, [e for _, _, e in part])
        if self.reward != "reward_model":
            for row, verdict in zip(steps, right, strict=True):
                row[-1] += float(verdict)
        return [
            Scored(verdict, row[-1], tuple(at), tuple(row)) for verdict, row, at in zip(right, steps, ends, strict=True)
        ]

"""Models that are right half of the time on questions of one kind, made in a second: something for RL to improve."""

import json
import random
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from jobs.lake.catalog import Lake
from jobs.lake.datasets import MODELS
from jobs.lake.manifest import Provenance
from jobs.lake.stage import Run
from training.checkpoints import publish_model
from training.config import ModelConfig
from training.launch import TrainingRun
from training.model import Decoder
from training.prompts import prompt
from training.rollout import batch, output_logprobs
from training.tokenizer import Tokenizer

SHAPE = ModelConfig(
    hidden=32, layers=2, heads=4, kv_heads=2, intermediate=64, vocabulary=400, context=64, init_std=0.05
)
QUESTIONS = [f"Case {n}: how many?" for n in range(1, 21)]
RIGHT, WRONG = " 1 + 6 = 7\nThe answer is 7.", " 1 + 6 = 4\nThe answer is 4."


def write_questions(folder: Path) -> str:
    """A file of the questions; the right answer to each is 7."""
    file = folder / "cases.jsonl"
    file.write_text("".join(json.dumps({"question": q, "answer": "#### 7"}) + "\n" for q in QUESTIONS))
    return str(file)


@cache
def coin_flipper(tokenizer: Tokenizer) -> Mapping[str, Tensor]:
    """Weights of a model that answers 7 or 4, about as often the one as the other."""
    torch.manual_seed(0)
    model, draw = Decoder(SHAPE), random.Random(0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(150):
        pairs = [(draw.choice(QUESTIONS), draw.choice((RIGHT, WRONG))) for _ in range(8)]
        prompts = tokenizer.encode_many([prompt(q) for q, _ in pairs])
        outputs = [[*tokenizer.encode(a), tokenizer.eos] for _, a in pairs]
        rows = batch(prompts, outputs, torch.device("cpu"))
        loss = -output_logprobs(model, rows, 1.0)[0].sum() / rows.mask.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return {name: w.detach() for name, w in model.state_dict().items()}


def publish(lake: Lake, stage: str, tokenizer: Tokenizer, weights: Mapping[str, Tensor]) -> None:
    """Put a model at models/v1/stage=STAGE."""
    publication = lake.begin(MODELS.at("v1", stage), Provenance("tests", {}, {}, {}))
    assert publication is not None
    run = object.__new__(TrainingRun)
    run.outputs = [publication]
    assert isinstance(run, Run)
    publish_model(run, weights, SHAPE, tokenizer, {}, b"")
    publication.finish()

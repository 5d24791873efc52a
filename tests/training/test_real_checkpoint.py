"""A real pretrained model, where there is one: the folder that LLAMA_CHECKPOINT names.

`python benchmarks/continued_pretraining.py --unpack FOLDER` makes one of SmolLM2-135M; it also is the long
demonstration.
"""

import os
from pathlib import Path

import pytest
import torch

from training.huggingface import LlamaFolder
from training.model import Decoder

FOLDER = os.environ.get("LLAMA_CHECKPOINT", "")
pytestmark = pytest.mark.skipif(not FOLDER, reason="LLAMA_CHECKPOINT names no checkpoint folder")
TEXT = "Theorem. Let $f$ be continuous on $[a, b]$. Then $f$ is bounded, for if it were not,"


@pytest.fixture(scope="module")
def model() -> Decoder:
    folder = LlamaFolder(Path(FOLDER))
    model = Decoder(folder.config())
    folder.load_into(model)
    return model.eval()


@torch.no_grad()
def test_a_real_models_logits_are_those_of_transformers(model: Decoder) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    row = AutoTokenizer.from_pretrained(FOLDER)(TEXT, return_tensors="pt").input_ids
    theirs = AutoModelForCausalLM.from_pretrained(FOLDER, dtype=torch.float32).eval()(row).logits
    mine = model(row)
    assert float((mine - theirs).abs().max()) <= 1e-4
    loss = model(row[:, :-1], targets=row[:, 1:], weights=torch.ones(row[:, 1:].shape))
    assert float(loss) / (row.shape[1] - 1) < 5, "a trained model expects such a sentence"

"""Rotary positions, computed as Hugging Face computes them, so that its checkpoints give the same logits here."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from training.config import ModelConfig, RopeScaling


@dataclass(frozen=True)
class Factors:
    """What queries and keys are turned by: cosine and sine [B, 1, T, width]."""

    cosine: Tensor
    sine: Tensor


def factors(config: ModelConfig, positions: Tensor, dtype: torch.dtype) -> Factors:
    """The factors at positions [B, T]; computed in float32, handed over in `dtype`."""
    angles = positions[:, None, :, None].float() * frequencies(config, positions.device)
    angles = torch.cat((angles, angles), dim=-1)
    return Factors(angles.cos().to(dtype), angles.sin().to(dtype))


def rotate(x: Tensor, by: Factors) -> Tensor:
    first, second = x.chunk(2, dim=-1)
    return x * by.cosine + torch.cat((-second, first), dim=-1) * by.sine


def frequencies(config: ModelConfig, device: torch.device) -> Tensor:
    """Radians a position [width / 2], after scaling."""
    half = torch.arange(0, config.head_width, 2, device=device, dtype=torch.float32) / config.head_width
    plain = 1.0 / config.rope_theta**half
    scaling = config.rope_scaling
    if scaling is None:
        return plain
    return plain / scaling.factor if scaling.kind == "linear" else _llama3(plain, scaling)


def _llama3(plain: Tensor, scaling: RopeScaling) -> Tensor:
    """Long waves are stretched by the factor, short ones are kept, those between are blended (Llama 3.1)."""
    low, high = scaling.low_frequency_factor, scaling.high_frequency_factor
    turns = scaling.original_context * plain / (2 * math.pi)  # full waves in the context of pretraining
    kept = ((turns - low) / (high - low)).clamp(0, 1)
    return (1 - kept) * plain / scaling.factor + kept * plain

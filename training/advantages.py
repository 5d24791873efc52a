"""Group-relative advantages (paper 4.1.2 and 4.1.3): how much better an output is than the others of its question.

A reward of NaN means that the output could not be scored: it gets advantage 0 and does not move mean or deviation.
"""

from typing import Literal

import torch
from torch import Tensor

Deviation = Literal["population", "sample"]
"""Divisor n or n - 1 in the standard deviation; the paper does not say which."""


def outcome(rewards: Tensor, deviation: Deviation) -> Tensor:
    """Outcome supervision: (r - mean r) / std r within each group, the same for all tokens of an output.

    rewards: [questions, group], NaN where unscorable. Returns the same shape, float32.
    A group without variance, or with fewer than two scored outputs, has advantage exactly 0.
    Raises ValueError for groups of one, which have no baseline.
    """
    return _normalise(rewards, deviation).float()


def process(step_rewards: Tensor, deviation: Deviation) -> Tensor:
    """Process supervision: A_t is the sum of the normalised rewards of the steps that end at or after token t.

    step_rewards: [questions, group, tokens], the reward of a step at the token that ends it, NaN elsewhere; mean and
    deviation are taken over all step rewards of a group. Returns [questions, group, tokens], float32; tokens after
    the last step's end get 0.
    """
    questions, group, tokens = step_rewards.shape
    _refuse_single(group)
    pooled = _normalise(step_rewards.reshape(questions, group * tokens), deviation)
    return pooled.reshape(step_rewards.shape).flip(-1).cumsum(-1).flip(-1).float()


def zero_variance(rewards: Tensor) -> Tensor:
    """[questions] flags: all scored rewards of the group are equal, so the group teaches nothing."""
    scored = ~rewards.isnan()
    low = rewards.masked_fill(~scored, float("inf")).amin(-1)
    high = rewards.masked_fill(~scored, float("-inf")).amax(-1)
    return high <= low


def _normalise(rewards: Tensor, deviation: Deviation) -> Tensor:
    """float64 z-scores along the last dimension over entries that are not NaN; NaN entries become 0."""
    _refuse_single(rewards.shape[-1])
    scored = ~rewards.isnan()
    values = rewards.double().masked_fill(~scored, 0.0)
    count = scored.sum(-1, keepdim=True)
    centred = (values - values.sum(-1, keepdim=True) / count.clamp(min=1)).masked_fill(~scored, 0.0)
    divisor = count if deviation == "population" else count - 1
    std = (centred.square().sum(-1, keepdim=True) / divisor.clamp(min=1)).sqrt()
    # Equality of the rewards decides, not std == 0: the mean of equal numbers may differ from them in the last bit.
    flat = zero_variance(rewards).unsqueeze(-1) | (std == 0)
    return torch.where(flat, torch.zeros_like(centred), centred / std.masked_fill(std == 0, 1.0))


def _refuse_single(group: int) -> None:
    if group < 2:
        raise ValueError(f"a group of {group} output has no baseline to compare with; sample at least 2 per question")

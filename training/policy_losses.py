"""The GRPO objective (paper, equation 3) as a loss to minimise, with what informs about a step.

The loss itself says nothing at one update per exploration: the ratio is 1, advantages of a group sum to 0.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

CLIP = 0.2
"""Clip range of the ratio; the paper does not state it, PPO's customary value."""
BETA = 0.04
"""Coefficient of the KL term (paper 4.2)."""


@dataclass(frozen=True)
class PolicyTerms:
    """The loss with its gradient, and detached sums over the tokens of the batch (divide by `tokens`)."""

    loss: Tensor
    kl: Tensor
    ratio: Tensor
    clipped: Tensor
    tokens: Tensor


def k3(logprobs: Tensor, reference: Tensor) -> Tensor:
    """The paper's KL estimate per token (equation 4): pi_ref/pi - log(pi_ref/pi) - 1, never negative.

    Its mean over samples of pi is KL(pi || pi_ref); its gradient is not that of the KL (training in the loss is what
    the paper does).
    """
    gap = reference - logprobs
    return torch.expm1(gap) - gap


def grpo(
    logprobs: Tensor,
    old: Tensor,
    reference: Tensor,
    advantages: Tensor,
    mask: Tensor,
    outputs: int | None = None,
    clip: float = CLIP,
    beta: float = BETA,
) -> PolicyTerms:
    """-1/G sum_i 1/|o_i| sum_t [ min(rho A, clip(rho) A) - beta k3 ], averaged over questions.

    logprobs, old, reference: [outputs, tokens] log-probabilities of the sampled tokens, with gradient in the first.
    advantages: [outputs, tokens], or [outputs, 1] under outcome supervision. mask: true at tokens of the output, its
    end-of-sequence token included. `outputs` is the divisor, the number of outputs of the whole update where this is
    one micro-batch of it. An output without tokens adds nothing.
    """
    weights = mask.to(logprobs.dtype)
    # Padding may hold anything, -inf too: it is blanked before exp, since 0 * inf would make the gradient NaN.
    logprobs, old, reference = (x.masked_fill(~mask, 0.0) for x in (logprobs, old, reference))
    ratio = torch.exp(logprobs - old)
    limited = ratio.clamp(1.0 - clip, 1.0 + clip)
    gain = torch.minimum(ratio * advantages, limited * advantages)
    penalty = k3(logprobs, reference)
    lengths = weights.sum(-1).clamp(min=1.0)
    per_output = ((gain - beta * penalty) * weights).sum(-1) / lengths
    with torch.no_grad():
        clipped = (limited * advantages < ratio * advantages) & mask
    return PolicyTerms(
        loss=-per_output.sum() / (outputs or len(logprobs)),
        kl=(penalty.detach() * weights).sum(),
        ratio=(ratio.detach() * weights).sum(),
        clipped=clipped.sum(),
        tokens=mask.sum(),
    )

"""Cross-entropy of the next token. GRPO's objective stands in `training.policy_losses`."""

from torch import Tensor
from torch.nn import functional as F


def token_losses(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy in nats of each target [...] under logits [..., vocabulary], in float32."""
    flat = F.cross_entropy(logits.flatten(0, -2).float(), targets.flatten(), reduction="none")
    return flat.view(targets.shape)


def weighted_loss(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Sum over targets [B, T] of weight times cross-entropy.

    `logits` [n, vocabulary] stand for the n targets of weight above 0, in order: so a position without weight costs
    nothing and cannot make the sum non-finite.
    """
    counted = weights > 0
    return (token_losses(logits, targets[counted]) * weights[counted]).sum()

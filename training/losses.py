"""Cross-entropy of the next token. GRPO's objective stands in `training.policy_losses`."""

from typing import Any

import torch
from torch import Tensor

CHUNK = 512
"""Positions whose logits exist at a time: enough rows for fast products, and at a vocabulary of 102,400 no more than
210 MB in float32, where 8,192 positions would take 3.4 GB, and as much again for their gradient."""


def chunked_loss(hidden: Tensor, head: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Sum over n positions of weight times cross-entropy in nats, a float32 scalar.

    hidden [n, width], head [vocabulary, width], targets and weights [n]. Products run in autocast's type where that is
    on, sums and exponentials in float32. Gradients are made chunk by chunk along with the loss, so logits of more than
    CHUNK positions never exist.
    """
    kind = hidden.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else hidden.dtype
    return _ChunkedLoss.apply(hidden, head, targets, weights, dtype, torch.is_grad_enabled())


class _ChunkedLoss(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any, hidden: Tensor, head: Tensor, targets: Tensor, weights: Tensor, dtype: torch.dtype, grads: bool
    ) -> Tensor:
        matrix = head.to(dtype)
        total = torch.zeros((), device=hidden.device, dtype=torch.float32)
        of_hidden = torch.empty_like(hidden) if grads else None
        of_head = torch.zeros_like(head, dtype=torch.float32) if grads else None
        for start in range(0, len(hidden), CHUNK):
            part = slice(start, start + CHUNK)
            rows = hidden[part].to(dtype)
            logits = (rows @ matrix.T).float()
            normaliser = logits.logsumexp(-1, keepdim=True)
            chosen = targets[part, None]
            total += ((normaliser - logits.gather(-1, chosen)).squeeze(-1) * weights[part]).sum()
            if of_hidden is not None and of_head is not None:
                error = logits.sub_(normaliser).exp_()  # probabilities, in the place of the logits
                error.scatter_add_(-1, chosen, torch.full_like(normaliser, -1.0))
                error = error.mul_(weights[part, None]).to(dtype)
                of_hidden[part] = error @ matrix
                of_head += error.T @ rows
        if of_hidden is not None and of_head is not None:
            context.save_for_backward(of_hidden, of_head.to(head.dtype))
        return total

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        of_hidden, of_head = context.saved_tensors
        (scale,) = gradients
        return of_hidden * scale, of_head * scale, None, None, None, None

"""The loss that never holds all logits: the same number and gradients as the plain one, in a fraction of its memory."""

import weakref

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from training.losses import CHUNK, chunked_loss

Inputs = tuple[Tensor, Tensor, Tensor, Tensor]


def inputs(positions: int, vocabulary: int, width: int = 24) -> Inputs:
    """Hidden states, head, targets and weights; some weights are fractions."""
    generator = torch.Generator().manual_seed(3)
    hidden = torch.randn(positions, width, generator=generator).requires_grad_()
    head = (torch.randn(vocabulary, width, generator=generator) * 0.3).requires_grad_()
    targets = torch.randint(0, vocabulary, (positions,), generator=generator)
    weights = torch.rand(positions, generator=generator)
    return hidden, head, targets, weights


def plain(hidden: Tensor, head: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    return (F.cross_entropy(F.linear(hidden, head).float(), targets, reduction="none") * weights).sum()


def test_chunks_of_any_number_give_the_loss_and_gradients_of_the_plain_one() -> None:
    for positions in (1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7):
        hidden, head, targets, weights = inputs(positions, 301)
        scale = 3.0 / positions  # a mean over the step, and a factor on the gradient that must arrive
        wanted = plain(hidden, head, targets, weights) * scale
        gradients = torch.autograd.grad(wanted, (hidden, head))
        found = chunked_loss(hidden, head, targets, weights) * scale
        assert found.item() == pytest.approx(wanted.item(), rel=1e-6)
        for mine, theirs in zip(torch.autograd.grad(found, (hidden, head)), gradients, strict=True):
            assert float((mine - theirs).abs().max()) <= 1e-6


def test_no_position_at_all_is_a_loss_of_zero_with_gradients_of_zero() -> None:
    hidden, head, targets, weights = inputs(0, 31)
    loss = chunked_loss(hidden, head, targets, weights)
    of_hidden, of_head = torch.autograd.grad(loss, (hidden, head))
    assert loss.item() == 0 and of_hidden.shape == (0, 24) and not of_head.any()


def test_bfloat16_products_give_the_plain_losses_value_under_autocast() -> None:
    hidden, head, targets, weights = inputs(700, 301)
    with torch.autocast("cpu", torch.bfloat16):
        wanted, found = plain(hidden, head, targets, weights), chunked_loss(hidden, head, targets, weights)
        gradients = torch.autograd.grad(wanted, (hidden, head)), torch.autograd.grad(found, (hidden, head))
    exact = float(plain(hidden, head, targets, weights))
    assert found.dtype == torch.float32 and float(found) == pytest.approx(float(wanted), rel=1e-3)
    assert float(found) == pytest.approx(exact, rel=1e-2)
    for theirs, mine in zip(*gradients, strict=True):
        assert mine.dtype == torch.float32
        assert float((mine - theirs).norm() / theirs.norm()) <= 1e-2


class LivePeak(TorchDispatchMode):
    """Counts the bytes of the tensors that are made while it is on, and the most that lived at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.live: dict[int, int] = {}
        self.peak = 0

    def __torch_dispatch__(self, function, types, arguments=(), options=None):  # type: ignore[no-untyped-def]
        made = function(*arguments, **(options or {}))
        for tensor in made if isinstance(made, tuple | list) else (made,):
            if isinstance(tensor, Tensor):
                storage = tensor.untyped_storage()
                key = storage._cdata
                if key not in self.live:
                    self.live[key] = storage.nbytes()
                    weakref.finalize(storage, self.live.pop, key, None)
        self.peak = max(self.peak, sum(self.live.values()))
        return made


def test_at_a_vocabulary_of_32k_it_holds_at_most_a_quarter_of_the_plain_losss_memory() -> None:
    peaks = []
    for loss in (plain, chunked_loss):
        given = inputs(2048, 32_768, 16)
        with LivePeak() as watch:
            loss(*given).backward()
        peaks.append(watch.peak)
    assert peaks[1] <= peaks[0] / 4, f"plain {peaks[0]:,} bytes, chunked {peaks[1]:,}"

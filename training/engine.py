"""One small interface to plain PyTorch and to DeepSpeed: backward, step, state. The only file that imports deepspeed.

The objective of a step is the SUM of everything `backward` was called with, over micro-batches and processes. So a
caller divides by the whole step's count of tokens, and 1 x 8, 2 x 4 and 8 x 1 sequences give the same gradient.
"""

import contextlib
import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, distributed, nn

from jobs.lake.stage import StageError
from training.config import OptimizerConfig, ParallelConfig
from training.launch import Ranks

STATE_FILE = "state.pt"
DEEPSPEED_TAG = "state"
B = TypeVar("B")


@dataclass(frozen=True)
class Update:
    """What one step did."""

    loss: float
    """The step's objective, summed over micro-batches and processes."""
    gradient_norm: float
    """L2 norm before clipping."""
    rate: float
    """Learning rate of the step."""
    skipped: bool
    """The gradient was not finite: weights and optimizer stay as they were."""


class Backend(Protocol):
    """What plain PyTorch and DeepSpeed do differently."""

    model: nn.Module

    def backward(self, loss: Tensor, last: bool) -> None: ...

    def step(self, rate: float) -> tuple[float, bool]:
        """Returns the gradient's norm before clipping, and whether weights were changed."""
        ...

    def save(self, folder: Path) -> None: ...

    def load(self, folder: Path) -> None: ...

    def weights(self) -> dict[str, Tensor]: ...


class Engine:
    """Trains a model on one process or many. `model` is what to call; `module` is the Decoder (or head) inside."""

    def __init__(
        self, module: nn.Module, optimizer: OptimizerConfig, parallel: ParallelConfig, steps: int, ranks: Ranks
    ) -> None:
        self.module, self.config, self.parallel, self.steps, self.ranks = module, optimizer, parallel, steps, ranks
        kind = DeepSpeed if parallel.zero_stage else Plain
        self._backend: Backend = kind(module.to(ranks.device), optimizer, parallel, ranks)
        self.updates = 0
        """Steps done so far, skipped ones included: the position in the schedule."""
        self.skipped = 0
        self._skipped_in_a_row = 0
        self._loss = torch.zeros((), device=ranks.device, dtype=torch.float64)

    @property
    def model(self) -> nn.Module:
        return self._backend.model

    @contextlib.contextmanager
    def arithmetic(self) -> Iterator[None]:
        """The recipe's precision for a forward pass: bfloat16 autocast, or float32 as it is."""
        if self.parallel.precision == "bf16" and not self.parallel.zero_stage:
            with torch.autocast(self.ranks.device.type, torch.bfloat16):
                yield
        else:
            yield

    def backward(self, loss: Tensor, last: bool) -> None:
        """Add the gradient of a micro-batch; `last` marks the step's last one. `loss` may be 0, not absent: all ranks
        call it equally often."""
        self._loss += loss.detach()
        self._backend.backward(loss, last)

    def step(self) -> Update:
        """Clip and update, or skip a gradient that is not finite. Raises StageError after too many skips in a row."""
        rate = self.config.peak * self.config.schedule.factor(self.updates, self.steps)
        norm, applied = self._backend.step(rate)
        loss = self.ranks.total(float(self._loss))
        self._loss.zero_()
        self.updates += 1
        self._skipped_in_a_row = 0 if applied else self._skipped_in_a_row + 1
        self.skipped += not applied
        if self._skipped_in_a_row >= self.config.stop_after_skipped:
            raise StageError(
                f"step {self.updates}: loss or gradient was not finite in {self._skipped_in_a_row} steps in a row "
                f"(loss {loss}, gradient norm {norm}); lower the peak learning rate "
                f"({self.config.peak}) or look at the data"
            )
        return Update(loss, norm, rate, not applied)

    def update(self, batches: Sequence[B], objective: Callable[[B], Tensor]) -> Update:
        """One step over this rank's micro-batches; `objective` gives each one's share of the whole step's objective."""
        for index, batch in enumerate(batches):
            with self.arithmetic():
                loss = objective(batch)
            self.backward(loss, last=index == len(batches) - 1)
        return self.step()

    def save(self, folder: Path) -> None:
        """Write this rank's files of model, optimizer and position; every rank calls it."""
        self._backend.save(folder)
        if self.ranks.first:
            counts = {"updates": self.updates, "skipped": self.skipped, "skipped_in_a_row": self._skipped_in_a_row}
            torch.save(counts, folder / "position.pt")

    def load(self, folder: Path) -> None:
        """Take up what `save` wrote; the folder holds every rank's files."""
        self._backend.load(folder)
        counts = torch.load(folder / "position.pt", weights_only=True)
        self.updates, self.skipped = counts["updates"], counts["skipped"]
        self._skipped_in_a_row = counts["skipped_in_a_row"]

    def weights(self) -> dict[str, Tensor]:
        """All weights by name, in float32 on the CPU; every rank calls it, the result counts on rank 0."""
        return self._backend.weights()


class Plain:
    """One copy of the model on each process; gradients are summed over processes before the step."""

    def __init__(self, module: nn.Module, optimizer: OptimizerConfig, parallel: ParallelConfig, ranks: Ranks) -> None:
        self.model, self.ranks, self.clip = module, ranks, optimizer.clip
        self.optimizer = adamw(module, optimizer)
        if ranks.world > 1:
            for parameter in module.parameters():
                distributed.broadcast(parameter.data, src=0)

    def backward(self, loss: Tensor, last: bool) -> None:
        loss.backward()

    def step(self, rate: float) -> tuple[float, bool]:
        parameters = [p for p in self.model.parameters() if p.grad is not None]
        if self.ranks.world > 1:
            _sum_gradients(parameters)
        norm = float(nn.utils.clip_grad_norm_(parameters, self.clip))
        if math.isfinite(norm):
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return norm, math.isfinite(norm)

    def save(self, folder: Path) -> None:
        if self.ranks.first:
            state = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}
            torch.save(state, folder / STATE_FILE)

    def load(self, folder: Path) -> None:
        state = torch.load(folder / STATE_FILE, map_location=self.ranks.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])

    def weights(self) -> dict[str, Tensor]:
        return {name: w.detach().to("cpu", torch.float32) for name, w in self.model.state_dict().items()}


class DeepSpeed:
    """ZeRO stages 1 to 3."""

    def __init__(self, module: nn.Module, optimizer: OptimizerConfig, parallel: ParallelConfig, ranks: Ranks) -> None:
        import deepspeed

        self.ranks = ranks
        backend = "nccl" if ranks.device.type == "cuda" else "gloo"
        if not distributed.is_initialized():  # one plain process: DeepSpeed wants a group of one
            distributed.init_process_group(backend, store=distributed.HashStore(), rank=0, world_size=1)
        os.environ.setdefault("LOCAL_RANK", str(ranks.local_rank))  # DeepSpeed refuses to start without
        if ranks.device.type == "cpu":
            # DeepSpeed would try out its compiled operations one by one and build an all-reduce for inference, which
            # takes minutes; training on the CPU uses none of them.
            deepspeed.ops.__compatible_ops__ = {}
        deepspeed.init_distributed(dist_backend=backend, auto_mpi_discovery=False)
        self.stage = parallel.zero_stage
        self.model, self.optimizer, _, _ = deepspeed.initialize(
            model=module, optimizer=adamw(module, optimizer), config=deepspeed_config(optimizer, parallel, ranks.world)
        )

    def backward(self, loss: Tensor, last: bool) -> None:
        self.model.set_gradient_accumulation_boundary(last)
        # DeepSpeed averages over processes; the objective here is a sum.
        self.model.backward(loss * self.ranks.world, scale_wrt_gas=False)
        if not last:
            self.model.step()  # only counts the micro-batch

    def step(self, rate: float) -> tuple[float, bool]:
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.model.step()
        norm = self.model.get_global_grad_norm()
        value = math.nan if norm is None else float(norm)
        return value, math.isfinite(value)

    def save(self, folder: Path) -> None:
        self.model.save_checkpoint(str(folder), tag=DEEPSPEED_TAG)

    def load(self, folder: Path) -> None:
        loaded, _ = self.model.load_checkpoint(str(folder), tag=DEEPSPEED_TAG)
        if loaded is None:
            raise StageError(
                f"DeepSpeed could not read the checkpoint in {folder}; it was written under ZeRO stage {self.stage} by "
                f"{self.ranks.world} processes only if both agree with this run; use --no-resume to begin again"
            )

    def weights(self) -> dict[str, Tensor]:
        from deepspeed.utils import safe_get_full_fp32_param

        found = {}
        for name, parameter in self.model.module.named_parameters():
            # The float32 master copy, from whichever processes hold its parts; bfloat16 weights are a rounding of it.
            found[name] = safe_get_full_fp32_param(parameter).detach().to("cpu", torch.float32, copy=True)
        return found


def adamw(module: nn.Module, config: OptimizerConfig) -> torch.optim.AdamW:
    """AdamW with weight decay on matrices and none on vectors (norms, biases)."""
    trained = [p for p in module.parameters() if p.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [p for p in trained if p.dim() >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in trained if p.dim() < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [g for g in groups if g["params"]],
        lr=config.peak,
        betas=(config.beta1, config.beta2),
        eps=config.epsilon,
        fused=True,
    )


def deepspeed_config(optimizer: OptimizerConfig, parallel: ParallelConfig, world: int) -> dict[str, Any]:
    """DeepSpeed's settings for a recipe. Accumulation is steered by `last`, so its own count stays 1."""
    return {
        "train_micro_batch_size_per_gpu": parallel.micro_batch,
        "gradient_accumulation_steps": 1,
        "train_batch_size": parallel.micro_batch * world,
        "gradient_clipping": optimizer.clip,
        "zero_optimization": {"stage": parallel.zero_stage},
        "bf16": {"enabled": parallel.precision == "bf16"},
        "data_types": {"grad_accum_dtype": "fp32"},  # hundreds of micro-batches in bfloat16 would lose the small ones
        "steps_per_print": 2**31 - 1,
        "wall_clock_breakdown": False,
    }


def _sum_gradients(parameters: Sequence[nn.Parameter]) -> None:
    """Sum gradients over processes in one message of all of them."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([g.reshape(-1) for g in gradients])
    distributed.all_reduce(flat)
    offset = 0
    for gradient in gradients:
        gradient.copy_(flat[offset : offset + gradient.numel()].view_as(gradient))
        offset += gradient.numel()

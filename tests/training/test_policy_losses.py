import math

import pytest
import torch

from training.policy_losses import BETA, grpo, k3


def _case(seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]], dtype=torch.bool)
    logprobs = -torch.rand(3, 4, generator=generator, dtype=torch.float64) * 3
    return {
        "logprobs": logprobs.requires_grad_(),
        "old": logprobs.detach().clone(),
        "reference": logprobs.detach() + torch.randn(3, 4, generator=generator, dtype=torch.float64) * 0.3,
        "advantages": torch.randn(3, 1, generator=generator, dtype=torch.float64),
        "mask": mask,
    }


def test_gradient_at_one_update_is_the_papers_coefficient() -> None:
    """Equation 21: the gradient of log pi at a token is weighted with A + beta (pi_ref / pi - 1), over G |o_i|."""
    case = _case()
    grpo(**case).loss.backward()
    coefficient = case["advantages"] + BETA * (torch.exp(case["reference"] - case["old"]) - 1)
    lengths = case["mask"].sum(-1, keepdim=True)
    wanted = -(coefficient * case["mask"]) / lengths / 3
    torch.testing.assert_close(case["logprobs"].grad, wanted, atol=1e-12, rtol=1e-10)


def test_every_output_weighs_the_same_whatever_its_length() -> None:
    case = _case() | {"reference": _case()["old"]}
    assert grpo(**case).loss.item() == pytest.approx(-case["advantages"].mean().item())


def test_micro_batches_add_up_to_the_whole() -> None:
    case = _case()
    parts = [{k: v[i : i + 1] for k, v in case.items()} for i in range(3)]
    whole = grpo(**case)
    split = [grpo(**p, outputs=3) for p in parts]
    assert sum(t.loss.item() for t in split) == pytest.approx(whole.loss.item())
    assert sum(t.kl.item() for t in split) == pytest.approx(whole.kl.item())
    assert sum(int(t.tokens) for t in split) == int(whole.tokens) == 7


def test_ratio_is_one_and_nothing_is_clipped_at_the_first_update() -> None:
    terms = grpo(**_case())
    assert terms.ratio.item() == pytest.approx(7.0) and int(terms.clipped) == 0


def test_clipping_stops_the_gradient_only_where_the_step_went_far_enough() -> None:
    """Ratio 1.5: with A > 0 clipped at 1.2, no gradient; with A < 0 the worse value counts, gradient flows. Ratio 0.5
    the other way round."""
    ratios = torch.tensor([[1.5], [1.5], [0.5], [0.5]], dtype=torch.float64)
    logprobs = torch.log(ratios).requires_grad_()
    advantages = torch.tensor([[1.0], [-1.0], [1.0], [-1.0]], dtype=torch.float64)
    mask = torch.ones(4, 1, dtype=torch.bool)
    terms = grpo(logprobs, torch.zeros_like(ratios), logprobs.detach(), advantages, mask, clip=0.2, beta=0.0)
    terms.loss.backward()
    assert terms.loss.item() == pytest.approx(-(1.2 - 1.5 + 0.5 - 0.8) / 4)
    assert logprobs.grad is not None
    assert logprobs.grad.flatten().tolist() == pytest.approx([0.0, 1.5 / 4, -0.5 / 4, 0.0])
    assert int(terms.clipped) == 2


@pytest.mark.parametrize("gap", [-40.0, -1.0, -1e-6, 0.0, 1e-6, 1.0, 40.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_k3_is_finite_and_never_negative(gap: float, dtype: torch.dtype) -> None:
    logprobs = torch.tensor([-3.0], dtype=dtype, requires_grad=True)
    value = k3(logprobs, logprobs.detach() + torch.tensor(gap, dtype=dtype))
    value.backward()
    assert value.item() >= 0 and math.isfinite(value.item())
    assert logprobs.grad is not None and math.isfinite(logprobs.grad.item())


def test_mean_of_k3_over_samples_is_the_exact_kl() -> None:
    policy = torch.tensor([0.5, 0.3, 0.15, 0.05], dtype=torch.float64)
    reference = torch.tensor([0.4, 0.2, 0.1, 0.3], dtype=torch.float64)
    exact = (policy * (policy / reference).log()).sum()
    drawn = torch.multinomial(policy, 400_000, replacement=True, generator=torch.Generator().manual_seed(1))
    estimate = k3(policy.log()[drawn], reference.log()[drawn])
    spread = 4 * estimate.std() / math.sqrt(len(drawn))
    assert abs(estimate.mean() - exact) < spread < 0.02


def test_padding_may_hold_anything() -> None:
    case = _case()
    wanted = grpo(**case)
    wanted.loss.backward()
    dirty = _case()
    for name in ("old", "reference"):
        dirty[name] = dirty[name].masked_fill(~dirty["mask"], -math.inf)
    found = grpo(**dirty)
    found.loss.backward()
    assert found.loss.item() == wanted.loss.item() and found.kl.item() == wanted.kl.item()
    torch.testing.assert_close(dirty["logprobs"].grad, case["logprobs"].grad)

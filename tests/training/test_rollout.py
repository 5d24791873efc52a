import math
from dataclasses import replace

import pytest
import torch

from training.config import ModelConfig
from training.model import Decoder
from training.rollout import Output, Sampling, batch, log_distribution, output_logprobs, sample

CONFIG = ModelConfig(hidden=32, layers=2, heads=4, kv_heads=2, intermediate=48, vocabulary=24, context=40, init_std=0.3)
END = 0
PROMPTS = [[5, 6, 7], [8], [9, 10, 11, 12, 13, 14, 15], [16, 17]]


@pytest.fixture(scope="module")
def model() -> Decoder:
    torch.manual_seed(3)
    return Decoder(CONFIG)


@pytest.mark.parametrize("sampling", [Sampling(12), Sampling(12, 0.6), Sampling(12, 1.3, 0.7), Sampling(12, 0.0)])
def test_sampled_logprobs_equal_those_of_the_full_forward(model: Decoder, sampling: Sampling) -> None:
    outputs = sample(model, PROMPTS, sampling, END, seed=7, group=6)
    assert len({len(o.tokens) for o in outputs}) > 3 or sampling.temperature == 0  # rows were dropped on the way
    rows = batch([p for p in PROMPTS for _ in range(6)], [o.tokens for o in outputs], torch.device("cpu"))
    with torch.no_grad():
        logprobs, _ = output_logprobs(model, rows, sampling.temperature, sampling.top_p)
    for row, output in zip(logprobs, outputs, strict=True):
        torch.testing.assert_close(row[: len(output.tokens)], torch.tensor(output.logprobs), atol=1e-5, rtol=0)


def test_padding_and_company_change_no_logprob(model: Decoder) -> None:
    """A row alone, without padding, by a plain causal forward."""
    outputs = sample(model, PROMPTS, Sampling(12), END, seed=1)
    for prompt, output in zip(PROMPTS, outputs, strict=True):
        with torch.no_grad():
            logits = model(torch.tensor([[*prompt, *output.tokens]]))[0, len(prompt) - 1 : -1]
        alone = torch.log_softmax(logits, -1)[torch.arange(len(output.tokens)), list(output.tokens)]
        torch.testing.assert_close(alone, torch.tensor(output.logprobs), atol=1e-5, rtol=0)


def test_greedy_takes_the_likeliest_token_each_time(model: Decoder) -> None:
    (output,) = sample(model, [PROMPTS[0]], Sampling(6, 0.0), END, seed=0)
    tokens = list(PROMPTS[0])
    for token in output.tokens:
        assert int(model(torch.tensor([tokens]))[0, -1].argmax()) == token
        tokens.append(token)


def test_the_same_seed_gives_the_same_outputs_and_another_gives_others(model: Decoder) -> None:
    first = sample(model, PROMPTS, Sampling(12), END, seed=5, group=3)
    assert first == sample(model, PROMPTS, Sampling(12), END, seed=5, group=3)
    assert first != sample(model, PROMPTS, Sampling(12), END, seed=6, group=3)


def test_greedy_does_not_depend_on_rows_at_a_time(model: Decoder) -> None:
    whole = sample(model, PROMPTS, Sampling(12, 0.0), END, seed=0)
    single = sample(model, PROMPTS, Sampling(12, 0.0), END, seed=0, rows=1)
    assert [o.tokens for o in whole] == [o.tokens for o in single]


def test_an_output_ends_with_the_end_token_or_at_the_limit(model: Decoder) -> None:
    outputs = sample(model, PROMPTS, Sampling(4), END, seed=2, group=16)
    assert {o.finished for o in outputs} == {True, False}
    for output in outputs:
        assert END not in output.tokens[:-1]
        assert (output.tokens[-1] == END) == output.finished
        assert output.finished or len(output.tokens) == 4
        assert len(output.tokens) == len(output.logprobs)


def test_sampled_frequencies_follow_the_distribution(model: Decoder) -> None:
    outputs = sample(model, [[5, 6]], Sampling(1, 0.8), END, seed=4, group=20_000, rows=20_000)
    with torch.no_grad():
        wanted = log_distribution(model(torch.tensor([[5, 6]]))[0, -1], 0.8).exp()
    found = torch.bincount(torch.tensor([o.tokens[0] for o in outputs]), minlength=CONFIG.vocabulary) / 20_000
    assert (found - wanted).abs().max() < 4 * math.sqrt(0.25 / 20_000)


def test_nucleus_keeps_the_smallest_set_with_the_mass_and_renormalises() -> None:
    logits = torch.log(torch.tensor([0.5, 0.3, 0.15, 0.05]))
    found = log_distribution(logits, 1.0, top_p=0.7).exp()
    torch.testing.assert_close(found, torch.tensor([0.625, 0.375, 0.0, 0.0]))
    torch.testing.assert_close(log_distribution(logits, 1.0, top_p=0.4).exp(), torch.tensor([1.0, 0.0, 0.0, 0.0]))


def test_padding_has_logprob_and_entropy_zero_and_no_gradient(model: Decoder) -> None:
    rows = batch([[5], [6, 7]], [[8, 9, END], [END]], torch.device("cpu"))
    logprobs, entropy = output_logprobs(model, rows, 1.0)
    assert rows.mask.tolist() == [[True, True, True], [True, False, False]]
    assert not logprobs[~rows.mask].any() and not entropy[~rows.mask].any()
    assert (logprobs[rows.mask] < 0).all() and (entropy[rows.mask] > 0).all()


def test_what_does_not_fit_is_refused(model: Decoder) -> None:
    with pytest.raises(ValueError, match="context is 40"):
        sample(model, [[1] * 30], Sampling(11), END, seed=0)
    with pytest.raises(ValueError, match="empty prompt"):
        sample(model, [[1], []], Sampling(2), END, seed=0)
    for wrong in ({"max_new_tokens": 0}, {"temperature": -1.0}, {"top_p": 0.0}):
        with pytest.raises(ValueError, match="needed"):
            replace(Sampling(4), **wrong)


def test_sampling_leaves_the_model_as_it_was(model: Decoder) -> None:
    model.train()
    outputs = sample(model, PROMPTS, Sampling(3), END, seed=0)
    assert model.training and isinstance(outputs[0], Output)
    assert all(p.grad is None for p in model.parameters())

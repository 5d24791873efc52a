"""Sampling from the model, and the log-probabilities that training compares with: one distribution for both.

Rows are left-padded and decoded together on a key/value cache; a prompt's group shares its prefill; finished rows are
dropped. Temperature and nucleus change the distribution, so log-probabilities are always taken after both, renormalised
(a ratio of one distribution's to another's would be wrong without an error).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from training.model import PADDING, Decoder

Item = TypeVar("Item")

DROP_SHARE = 0.25
"""Finished rows leave when they are this share of all: dropping copies the cache, so not at every token."""


@dataclass(frozen=True)
class Sampling:
    """How to continue a prompt."""

    max_new_tokens: int
    temperature: float = 1.0
    """0 is greedy."""
    top_p: float = 1.0
    """Smallest set of tokens with at least this probability; 1 is the whole vocabulary."""

    def __post_init__(self) -> None:
        if self.max_new_tokens < 1 or self.temperature < 0 or not 0 < self.top_p <= 1:
            raise ValueError(f"max_new_tokens >= 1, temperature >= 0 and 0 < top_p <= 1 are needed, got {self}")


@dataclass(frozen=True)
class Output:
    """One continuation: token ids, the end-of-sequence token included where it was reached, and the log-probability
    of each under the distribution it was drawn from."""

    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    finished: bool
    """Ended by itself, not by the limit."""


@dataclass(frozen=True)
class Stop:
    """Where else than at the end token an output ends."""

    watched: Tensor
    """[vocabulary] bool: the tokens after which to ask."""
    at: Callable[[list[int]], bool]
    """Does an output of these tokens end here?"""


def log_distribution(logits: Tensor, temperature: float, top_p: float = 1.0) -> Tensor:
    """Log-probabilities over the last dimension after temperature and nucleus, renormalised; -inf outside the nucleus.

    Temperature 0 is greedy decoding, whose log-probabilities are the model's own.
    """
    logprobs = torch.log_softmax(logits.float() / (temperature or 1.0), dim=-1)
    if top_p == 1.0:
        return logprobs
    ordered, order = logprobs.sort(dim=-1, descending=True)
    before = ordered.exp().cumsum(-1) - ordered.exp()
    outside = torch.zeros_like(before, dtype=torch.bool).scatter(-1, order, before >= top_p)
    return torch.log_softmax(logprobs.masked_fill(outside, float("-inf")), dim=-1)


@torch.no_grad()
def sample(
    model: Decoder,
    prompts: Sequence[Sequence[int]],
    sampling: Sampling,
    end: int,
    seed: int,
    group: int = 1,
    rows: int = 256,
    stop: Stop | None = None,
) -> list[Output]:
    """`group` continuations of every prompt, prompt by prompt, decoded about `rows` at a time.

    An output also ends, unfinished, where `stop` says so.
    The same model, prompts, settings and seed give the same outputs. Raises ValueError for an empty prompt and where a
    prompt and its output would be longer than the model's context.
    """
    longest = max((len(p) for p in prompts), default=0) + sampling.max_new_tokens
    if longest > model.config.context or not all(prompts):
        raise ValueError(
            f"a prompt with {sampling.max_new_tokens} new tokens has up to {longest} tokens, the model's context is "
            f"{model.config.context}; an empty prompt cannot be continued"
        )
    device = model.lm_head.weight.device
    generator = torch.Generator(device).manual_seed(seed)
    was_training = model.training
    model.eval()
    outputs: list[Output] = []
    for chunk in chunks(prompts, max(1, rows // group)):
        outputs += _decode(model, chunk, sampling, end, generator, group, stop)
    model.train(was_training)
    return outputs


def chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Consecutive runs of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _decode(
    model: Decoder,
    prompts: Sequence[Sequence[int]],
    sampling: Sampling,
    end: int,
    generator: torch.Generator,
    group: int,
    stop: Stop | None,
) -> list[Output]:
    device = model.lm_head.weight.device
    tokens, documents = left_padded(prompts, device)
    count, width = len(prompts) * group, tokens.shape[1]
    cache = model.new_cache(len(prompts), width + sampling.max_new_tokens)
    logits = model(tokens, documents=documents, cache=cache, last_only=True)[:, -1]
    if group > 1:
        share = torch.arange(len(prompts), device=device).repeat_interleave(group)
        cache.keep(share)
        logits = logits[share]
    drawn = torch.full((count, sampling.max_new_tokens), end, device=device)
    logprobs = torch.zeros(count, sampling.max_new_tokens, device=device)
    lengths = torch.full((count,), sampling.max_new_tokens, device=device)
    live = torch.arange(count, device=device)  # the output that each row of the cache belongs to
    open_rows = torch.ones(count, dtype=torch.bool, device=device)
    for place in range(sampling.max_new_tokens):
        token, logprob = _draw(logits, sampling, generator)
        drawn[live[open_rows], place] = token[open_rows]
        logprobs[live[open_rows], place] = logprob[open_rows]
        ended = open_rows & (token == end)
        if stop is not None:
            for row in (open_rows & stop.watched.to(device)[token]).nonzero().flatten().tolist():
                ended[row] |= stop.at(drawn[live[row], : place + 1].tolist())
        lengths[live[ended]] = place + 1
        open_rows &= ~ended
        left = int(open_rows.sum())
        if left == 0 or place + 1 == sampling.max_new_tokens:
            break
        if left <= (1 - DROP_SHARE) * len(live):
            live, token = live[open_rows], token[open_rows]
            cache.keep(open_rows)
            open_rows = torch.ones_like(live, dtype=torch.bool)
        logits = model(token[:, None], cache=cache, last_only=True)[:, -1]
    return _outputs(drawn, logprobs, lengths, end)


def _draw(logits: Tensor, sampling: Sampling, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    distribution = log_distribution(logits, sampling.temperature, sampling.top_p)
    if sampling.temperature == 0:
        token = distribution.argmax(-1)
    else:
        token = torch.multinomial(distribution.exp(), 1, generator=generator).squeeze(-1)
    return token, distribution.gather(-1, token[:, None]).squeeze(-1)


def _outputs(drawn: Tensor, logprobs: Tensor, lengths: Tensor, end: int) -> list[Output]:
    rows = zip(drawn.tolist(), logprobs.tolist(), lengths.tolist(), strict=True)
    return [Output(tuple(t[:n]), tuple(p[:n]), finished=t[n - 1] == end) for t, p, n in rows]


def left_padded(rows: Sequence[Sequence[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """Token ids and document ids [rows, longest]; padding stands on the left and is a document of its own."""
    width = max(map(len, rows))
    tokens = torch.zeros(len(rows), width, dtype=torch.long)
    documents = torch.full((len(rows), width), PADDING)
    for tokens_row, documents_row, row in zip(tokens, documents, rows, strict=True):
        tokens_row[width - len(row) :] = torch.tensor(row)
        documents_row[width - len(row) :] = 0
    return tokens.to(device), documents.to(device)


@dataclass(frozen=True)
class Batch:
    """Prompts and outputs as one batch: prompts end and outputs begin in the same column."""

    tokens: Tensor
    """[rows, prompt + output] ids, padded on both sides."""
    documents: Tensor
    """The same shape: 0 for text, PADDING for padding."""
    prompt_width: int

    @property
    def outputs(self) -> Tensor:
        """Output tokens [rows, longest output]."""
        return self.tokens[:, self.prompt_width :]

    @property
    def mask(self) -> Tensor:
        """True at tokens of the outputs, same shape as `outputs`."""
        return self.documents[:, self.prompt_width :] != PADDING


def batch(prompts: Sequence[Sequence[int]], outputs: Sequence[Sequence[int]], device: torch.device) -> Batch:
    """One row for each pair of a prompt and its output."""
    left, left_documents = left_padded(prompts, device)
    width = max(map(len, outputs))
    right = torch.zeros(len(outputs), width, dtype=torch.long)
    right_documents = torch.full((len(outputs), width), PADDING)
    for tokens_row, documents_row, row in zip(right, right_documents, outputs, strict=True):
        tokens_row[: len(row)] = torch.tensor(row, dtype=torch.long)
        documents_row[: len(row)] = 0
    return Batch(
        torch.cat((left, right.to(device)), dim=1),
        torch.cat((left_documents, right_documents.to(device)), dim=1),
        left.shape[1],
    )


def output_logprobs(model: nn.Module, rows: Batch, temperature: float, top_p: float = 1.0) -> tuple[Tensor, Tensor]:
    """Log-probabilities of the outputs' tokens and the entropy at each, [rows, longest output] both, by one forward.

    The first carries a gradient; both are 0 at padding.
    """
    before = torch.zeros_like(rows.documents, dtype=torch.bool)
    before[:, rows.prompt_width - 1 : -1] = rows.mask  # the position that predicts each token
    distribution = log_distribution(model(rows.tokens, documents=rows.documents, at=before), temperature, top_p)
    chosen = distribution.gather(-1, rows.outputs[rows.mask][:, None]).squeeze(-1)
    logprobs = torch.zeros(rows.mask.shape, device=chosen.device).masked_scatter(rows.mask, chosen)
    with torch.no_grad():
        entropy = torch.zeros_like(logprobs)
        entropy[rows.mask] = torch.special.entr(distribution.exp()).sum(-1)
    return logprobs, entropy

"""The model: a Llama-architecture decoder (RMSNorm, rotary positions, grouped-query attention, SwiGLU).

Parameters carry the names of Hugging Face's LlamaForCausalLM (`training.huggingface` reads and writes its folders).
One rule makes packing and padding safe: a token attends to earlier tokens of the same document id, nothing else. Packed
rows number their documents, left-padded rows give padding an id of its own (`PADDING`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from training import losses, rotary
from training.config import ModelConfig

PADDING = -1
EMBEDDING, HEAD = "model.embed_tokens.weight", "lm_head.weight"


class Cache:
    """Keys and values of the tokens seen so far, for decoding token by token.

    Holds `rows` sequences of up to `capacity` tokens, of which `length` are filled. Finished rows can be dropped.
    """

    def __init__(self, config: ModelConfig, rows: int, capacity: int, device: torch.device, dtype: torch.dtype) -> None:
        shape = (rows, config.kv_heads, capacity, config.head_width)
        self.keys = [torch.zeros(shape, device=device, dtype=dtype) for _ in range(config.layers)]
        self.values = [torch.zeros(shape, device=device, dtype=dtype) for _ in range(config.layers)]
        self.documents = torch.full((rows, capacity), PADDING, device=device, dtype=torch.int32)
        self.length = 0

    @property
    def capacity(self) -> int:
        return self.documents.shape[1]

    def keep(self, rows: Tensor) -> None:
        """Keep these rows, by index or boolean mask [rows]."""
        self.keys = [k[rows] for k in self.keys]
        self.values = [v[rows] for v in self.values]
        self.documents = self.documents[rows]

    def store(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Add the newest tokens' keys and values [rows, kv_heads, new, width]; returns all so far."""
        end = self.length + keys.shape[2]
        self.keys[layer][:, :, self.length : end] = keys
        self.values[layer][:, :, self.length : end] = values
        return self.keys[layer][:, :, :end], self.values[layer][:, :, :end]


@dataclass(frozen=True)
class Attention:
    """What attention knows of a batch: rotary factors and the mask [B, 1, T, S] (None: causal)."""

    factors: rotary.Factors
    mask: Tensor | None
    cache: Cache | None


class RMSNorm(nn.Module):
    """x / rms(x) * weight, with the mean in float32."""

    def __init__(self, width: int, epsilon: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        wide = x.float()
        scaled = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.epsilon)
        return self.weight * scaled.to(x.dtype)


class SelfAttention(nn.Module):
    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        self.layer, self.heads, self.kv_heads, self.width = layer, config.heads, config.kv_heads, config.head_width
        self.q_proj = nn.Linear(config.hidden, config.heads * self.width, bias=False)
        self.k_proj = nn.Linear(config.hidden, config.kv_heads * self.width, bias=False)
        self.v_proj = nn.Linear(config.hidden, config.kv_heads * self.width, bias=False)
        self.o_proj = nn.Linear(config.heads * self.width, config.hidden, bias=False)

    def forward(self, x: Tensor, attention: Attention) -> Tensor:
        rows, length, _ = x.shape
        queries = self.q_proj(x).view(rows, length, self.heads, self.width).transpose(1, 2)
        keys = self.k_proj(x).view(rows, length, self.kv_heads, self.width).transpose(1, 2)
        values = self.v_proj(x).view(rows, length, self.kv_heads, self.width).transpose(1, 2)
        queries, keys = rotary.rotate(queries, attention.factors), rotary.rotate(keys, attention.factors)
        if attention.cache is not None:
            keys, values = attention.cache.store(self.layer, keys, values)
        mixed = F.scaled_dot_product_attention(
            queries,
            keys,
            values,
            attn_mask=attention.mask,
            is_causal=attention.mask is None,
            enable_gqa=self.heads != self.kv_heads,
        )
        return self.o_proj(mixed.transpose(1, 2).reshape(rows, length, -1))


class FeedForward(nn.Module):
    """SwiGLU."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden, config.intermediate, bias=False)
        self.up_proj = nn.Linear(config.hidden, config.intermediate, bias=False)
        self.down_proj = nn.Linear(config.intermediate, config.hidden, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        self.input_layernorm = RMSNorm(config.hidden, config.norm_epsilon)
        self.self_attn = SelfAttention(config, layer)
        self.post_attention_layernorm = RMSNorm(config.hidden, config.norm_epsilon)
        self.mlp = FeedForward(config)

    def forward(self, x: Tensor, attention: Attention) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), attention)
        return x + self.mlp(self.post_attention_layernorm(x))


class Body(nn.Module):
    """Embedding, layers, last norm."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocabulary, config.hidden)
        self.layers = nn.ModuleList(Layer(config, i) for i in range(config.layers))
        self.norm = RMSNorm(config.hidden, config.norm_epsilon)


class Head(nn.Linear):
    """The output matrix: logits of hidden states, or the loss of their targets without ever holding all logits."""

    def forward(self, hidden: Tensor, targets: Tensor | None = None, weights: Tensor | None = None) -> Tensor:
        # The loss is taken in here, not by the caller: ZeRO 3 gathers the matrix only while its module runs.
        if targets is None or weights is None:
            return super().forward(hidden)
        return losses.chunked_loss(hidden, self.weight, targets, weights)


class Decoder(nn.Module):
    """The language model. Call it for logits or for the loss, `hidden` for the last hidden states."""

    def __init__(self, config: ModelConfig, activation_checkpointing: bool = False) -> None:
        super().__init__()
        self.config = config
        self.activation_checkpointing = activation_checkpointing
        self.model = Body(config)
        self.lm_head: nn.Linear = Head(config.hidden, config.vocabulary, bias=False)
        self._tie()
        self.apply(self._start)

    def forward(
        self,
        tokens: Tensor,
        positions: Tensor | None = None,
        documents: Tensor | None = None,
        cache: Cache | None = None,
        last_only: bool = False,
        at: Tensor | None = None,
        targets: Tensor | None = None,
        weights: Tensor | None = None,
    ) -> Tensor:
        """Logits [B, T, vocabulary] of the next token; [B, 1, vocabulary] of the last one under `last_only`;
        [n, vocabulary] of the n positions where the mask `at` [B, T] is true. Other arguments as `hidden`.

        With `targets` and `weights` [B, T] a scalar: the sum of weight times cross-entropy in nats. Positions of weight
        0 cost nothing and cannot make it non-finite. Logits are the largest tensor of a step, and the loss never holds
        more of them than `losses.CHUNK` positions'.
        """
        hidden = self.hidden(tokens, positions, documents, cache)
        if targets is not None and weights is not None:
            counted = weights > 0
            return self.lm_head(hidden[counted], targets[counted], weights[counted])
        if at is not None:
            return self.lm_head(hidden[at])
        return self.lm_head(hidden[:, -1:] if last_only else hidden)

    def hidden(
        self,
        tokens: Tensor,
        positions: Tensor | None = None,
        documents: Tensor | None = None,
        cache: Cache | None = None,
    ) -> Tensor:
        """Last hidden states [B, T, hidden] of tokens [B, T].

        positions [B, T]: within the document; left out, they are counted from each document's first token.
        documents [B, T]: a token attends to earlier tokens with its own id; left out, a row is one document.
        cache: holds what came before these tokens, and takes them up.
        """
        past = cache.length if cache is not None else 0
        if cache is not None:
            end = past + tokens.shape[1]
            if end > cache.capacity:
                raise ValueError(f"the cache holds {cache.capacity} tokens a row, {end} are needed")
            cache.documents[:, past:end] = 0 if documents is None else documents.to(torch.int32)
        seen = cache.documents[:, : past + tokens.shape[1]] if cache is not None else documents
        if positions is None:
            positions = document_positions(tokens, seen)[:, -tokens.shape[1] :]
        x = self.model.embed_tokens(tokens)
        factors = rotary.factors(self.config, positions, x.dtype)
        attention = Attention(factors, _mask(tokens.shape[1], seen, past), cache)
        for layer in self.model.layers:
            if self.activation_checkpointing and self.training and torch.is_grad_enabled():
                x = checkpoint(layer, x, attention, use_reentrant=False)
            else:
                x = layer(x, attention)
        if cache is not None:
            cache.length = past + tokens.shape[1]
        return self.model.norm(x)

    def new_cache(self, rows: int, capacity: int) -> Cache:
        """An empty cache on the model's device, in its type (bfloat16 under autocast)."""
        weight = self.lm_head.weight
        kind = weight.device.type
        dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else weight.dtype
        return Cache(self.config, rows, capacity, weight.device, dtype)

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """As of every module; where the matrices are tied, one of the two is enough."""
        shared = state_dict.get(EMBEDDING, state_dict.get(HEAD))
        if self._ties and shared is not None:
            state_dict = {**state_dict, EMBEDDING: shared, HEAD: shared}
        found = super().load_state_dict(state_dict, strict, assign)
        self._tie()  # `assign` has put two parameters in the place of one
        return found

    def parameter_count(self) -> int:
        return sum(p.numel() for p in self.parameters())

    @property
    def _ties(self) -> bool:
        return self.config.tied and isinstance(self.lm_head, Head)  # a reward head is a matrix of its own

    def _tie(self) -> None:
        if self._ties:
            self.lm_head.weight = self.model.embed_tokens.weight

    def _start(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=self.config.init_std)


def document_positions(tokens: Tensor, documents: Tensor | None) -> Tensor:
    """Position of each token within its run of equal document ids [B, T]."""
    length = tokens.shape[1] if documents is None else documents.shape[1]
    index = torch.arange(length, device=tokens.device).expand(tokens.shape[0], -1)
    if documents is None:
        return index
    starts = torch.ones_like(documents, dtype=torch.bool)
    starts[:, 1:] = documents[:, 1:] != documents[:, :-1]
    return index - torch.cummax(torch.where(starts, index, 0), dim=1).values


def _mask(new: int, documents: Tensor | None, past: int) -> Tensor | None:
    """Which of all tokens each of the `new` last ones sees: same document, not later [B, 1, new, all]."""
    if documents is None:
        return None
    length = documents.shape[1]
    index = torch.arange(length, device=documents.device)
    earlier = index[None, :] <= index[past:, None]
    same = documents[:, past:, None] == documents[:, None, :]
    return (same & earlier)[:, None]


def expected_parameters(config: ModelConfig) -> int:
    """The number of parameters by arithmetic, to check a model that was built."""
    attention = config.hidden * config.head_width * (2 * config.heads + 2 * config.kv_heads)
    layer = attention + 3 * config.hidden * config.intermediate + 2 * config.hidden
    matrices = 1 if config.tied else 2
    return matrices * config.vocabulary * config.hidden + config.layers * layer + config.hidden

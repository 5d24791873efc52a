"""Llama checkpoints in Hugging Face's layout: a folder's shape, weights and tokenizer, and the config of ours.

What this decoder would compute differently is refused by name, never approximated: another architecture, biases, a
scaling of rotary positions other than linear and llama3, quantised weights, and pickled ones, which are programs.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from jobs.lake.settings import JsonValue
from jobs.lake.stage import StageError
from training.config import ModelConfig, RopeScaling
from training.model import Decoder
from training.tokenizer import FILE as TOKENIZER
from training.tokenizer import Tokenizer, differences

CONFIG, WEIGHTS, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
SAME = {
    "model_type": "llama",
    "hidden_act": "silu",
    "attention_bias": False,
    "mlp_bias": False,
    "quantization_config": None,
}
"""Settings in which this decoder has one value only."""
READ_BYTES = 1 << 24


def to_huggingface(config: ModelConfig) -> dict[str, JsonValue]:
    """config.json of the same model as Hugging Face's LlamaForCausalLM."""
    record: dict[str, JsonValue] = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": config.hidden,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "num_key_value_heads": config.kv_heads,
        "head_dim": config.head_width,
        "intermediate_size": config.intermediate,
        "vocab_size": config.vocabulary,
        "max_position_embeddings": config.context,
        "rope_theta": config.rope_theta,
        "rms_norm_eps": config.norm_epsilon,
        "initializer_range": config.init_std,
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": config.tied,
        "torch_dtype": "float32",
    }
    scaling = config.rope_scaling
    if scaling is not None:
        rope: dict[str, JsonValue] = {"rope_type": scaling.kind, "factor": scaling.factor}
        if scaling.kind == "llama3":
            rope |= {
                "low_freq_factor": scaling.low_frequency_factor,
                "high_freq_factor": scaling.high_frequency_factor,
                "original_max_position_embeddings": scaling.original_context,
            }
        record["rope_scaling"] = rope
    return record


def from_huggingface(record: Mapping[str, JsonValue]) -> ModelConfig:
    """The ModelConfig of a Llama checkpoint's config.json. Raises ValueError where this decoder is another model."""
    for name, value in SAME.items():
        if record.get(name, value) != value:
            raise ValueError(f"a checkpoint with {name} = {record[name]!r} cannot be read: this decoder has {value!r}")
    rope = record.get("rope_parameters") or record.get("rope_scaling") or {}
    if not isinstance(rope, dict):
        raise ValueError(f"config.json has rotary settings {rope!r}, an object is needed")
    context, heads = int(_number(record, "max_position_embeddings")), int(_number(record, "num_attention_heads"))
    hidden, head_dim = int(_number(record, "hidden_size")), record.get("head_dim")
    return ModelConfig(
        hidden=hidden,
        layers=int(_number(record, "num_hidden_layers")),
        heads=heads,
        kv_heads=int(_number(record, "num_key_value_heads", heads)),
        intermediate=int(_number(record, "intermediate_size")),
        vocabulary=int(_number(record, "vocab_size")),
        context=context,
        rope_theta=_number(rope, "rope_theta", _number(record, "rope_theta", 10_000.0)),
        norm_epsilon=_number(record, "rms_norm_eps", 1e-6),
        init_std=_number(record, "initializer_range", 0.02),
        head_dim=None if head_dim in (None, hidden / heads) else int(_number(record, "head_dim")),
        tied=bool(record.get("tie_word_embeddings", False)),
        rope_scaling=_rope_scaling(rope, context),
    )


def _rope_scaling(rope: Mapping[str, JsonValue], context: int) -> RopeScaling | None:
    kind = rope.get("rope_type", rope.get("type", "default"))
    if rope.get("partial_rotary_factor", 1.0) != 1.0:
        raise ValueError("rotary positions on a part of a head (partial_rotary_factor) cannot be read")
    if kind == "default":
        return None
    if kind == "linear":
        return RopeScaling("linear", _number(rope, "factor"))
    if kind == "llama3":
        return RopeScaling(
            "llama3",
            _number(rope, "factor"),
            _number(rope, "low_freq_factor"),
            _number(rope, "high_freq_factor"),
            int(_number(rope, "original_max_position_embeddings", context)),
        )
    raise ValueError(f"rotary positions of type {kind!r} cannot be read: this decoder has default, linear and llama3")


def _number(record: Mapping[str, JsonValue], name: str, default: float | None = None) -> float:
    value = record.get(name)
    if value is None:
        value = default
    if not isinstance(value, int | float):
        raise ValueError(f"config.json has {name} = {value!r}, a number is needed")
    return value


@dataclass(frozen=True)
class LlamaFolder:
    """A checkpoint folder as `save_pretrained` writes it: config.json, tokenizer.json, and weights as safetensors, in
    one file or in several with an index."""

    path: Path

    def __post_init__(self) -> None:
        missing = [name for name in (CONFIG, TOKENIZER) if not (self.path / name).is_file()]
        if missing:
            raise StageError(f"--start-from {self.path}: there is no {' and no '.join(missing)} in this folder")

    def config(self) -> ModelConfig:
        """Raises StageError where it is another model than this decoder."""
        try:
            return from_huggingface(json.loads((self.path / CONFIG).read_bytes()))
        except ValueError as error:
            raise StageError(f"--start-from {self.path}: {error}") from error

    def digest(self) -> str:
        """16 hex digits of the sha256 over config, tokenizer and all weights, so that nothing changes unseen."""
        digest = hashlib.sha256()
        for path in (self.path / CONFIG, self.path / TOKENIZER, *self.weight_files()):
            digest.update(f"{path.name} {path.stat().st_size}\n".encode())
            with path.open("rb") as stream:
                while data := stream.read(READ_BYTES):
                    digest.update(data)
        return digest.hexdigest()[:16]

    def weight_files(self) -> list[Path]:
        """The files of weights, in the order of names. Raises StageError where they are absent or of another kind."""
        if (self.path / WEIGHTS).is_file():
            return [self.path / WEIGHTS]
        if not (self.path / INDEX).is_file():
            pickled = any(self.path.glob("pytorch_model*.bin"))
            raise StageError(
                f"--start-from {self.path}: there is no {WEIGHTS} and no {INDEX}"
                + ("; pickled weights are not opened, save the model again with transformers" if pickled else "")
            )
        try:
            names = sorted(set(json.loads((self.path / INDEX).read_bytes())["weight_map"].values()))
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise StageError(f"--start-from {self.path}: {INDEX} has no map of weights: {error!r}") from error
        absent = [n for n in names if Path(n).name != n or not (self.path / n).is_file()]
        if absent:
            raise StageError(f"--start-from {self.path}: {INDEX} names {absent[0]!r}, which is not in the folder")
        return [self.path / n for n in names]

    def load_into(self, model: Decoder) -> None:
        """Give the model the folder's weights, in float32. Raises StageError where they do not fit its shape."""
        weights: dict[str, Tensor] = {}
        for file in self.weight_files():
            try:
                found = safetensors.torch.load_file(file)
            except SafetensorError as error:
                raise StageError(f"--start-from {file} cannot be read: {error}; copy it again") from error
            # Older checkpoints store the rotary frequencies, which are a function of the config.
            weights |= {n: w.to(torch.float32) for n, w in found.items() if not n.endswith("rotary_emb.inv_freq")}
        try:
            missing, unexpected = model.load_state_dict(weights, strict=False)
        except RuntimeError as error:
            raise StageError(f"--start-from {self.path}: weights are not of the shape of {CONFIG}: {error}") from error
        if missing or unexpected:
            raise StageError(
                f"--start-from {self.path}: weights {missing[:3]} are absent and {unexpected[:3]} unknown; "
                f"{CONFIG} describes another model"
            )

    def require_tokenizer(self, tokenizer: Tokenizer) -> None:
        """Refuse a tokenizer that gives other ids than the folder's: its tokens would mean nothing to the weights."""
        try:
            found = differences((self.path / TOKENIZER).read_text(encoding="utf-8"), tokenizer.source)
        except ValueError as error:
            raise StageError(f"--start-from {self.path / TOKENIZER} cannot be read: {error}") from error
        if found:
            raise StageError(
                f"--start-from {self.path}: {tokenizer.where} is not the checkpoint's tokenizer: {found}; make it with "
                f"'python -m jobs.tokenizer --file {self.path / TOKENIZER} --eos NAME --pad NAME', where the names are "
                "the checkpoint's tokens for the end of a text and for padding, and the shards again with 'make shards'"
            )

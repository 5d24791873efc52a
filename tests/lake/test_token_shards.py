"""Token shards read back what was written, whatever the shards' sizes, and refuse what does not fit."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from jobs.lake.catalog import Damaged, Lake, LakeError, Unfinished
from jobs.lake.datasets import SHARDS, Address
from jobs.lake.manifest import Provenance
from jobs.lake.token_shards import INFO, Document, Entry, ShardsInfo, TokenShards, require_same_tokenizer, write_shard

EOS = 9
DOCUMENTS = [[[1, 2, 3], [4]], [], [[], [5, 6], [70_000]]]
"""Documents of three shards: the second shard is empty, one document has no tokens but its <eos>."""
CONCATENATION = [1, 2, 3, EOS, 4, EOS, EOS, 5, 6, EOS, 70_000, EOS]


def publish(lake: Lake, source: str = "math", tokenizer: str = "abc") -> Address:
    address = SHARDS.at("v1", source)
    publication = lake.begin(address, Provenance("jobs.shards", {}, {}, {}))
    assert publication is not None
    shards = []
    for number, documents in enumerate(DOCUMENTS):
        made = [Document(f"{number}.{i}", f"https://e.org/{i}", d) for i, d in enumerate(documents)]
        shard, *files = write_shard(lake.storage, address, number, made, EOS)
        shards.append(shard)
        for file in files:
            publication.add(file)
    publication.write_json(INFO, ShardsInfo(source, tokenizer, 100_000, EOS, tuple(shards)).to_json())
    publication.finish()
    return address


@pytest.fixture
def shards(tmp_path: Path) -> TokenShards:
    lake = Lake(str(tmp_path))
    return TokenShards.open(lake, publish(lake))


def test_every_range_equals_the_slice_of_the_concatenation(shards: TokenShards) -> None:
    assert shards.tokens == len(CONCATENATION)
    for start in range(shards.tokens + 1):
        for count in range(shards.tokens - start + 1):
            assert shards.read(start, count).tolist() == CONCATENATION[start : start + count]


def test_reading_is_uint32_and_a_copy_that_may_be_changed(shards: TokenShards) -> None:
    tokens = shards.read(0, 3)
    tokens[0] = 99
    assert tokens.dtype == np.uint32 and shards.read(0, 1).tolist() == [1]


@pytest.mark.parametrize(("start", "count"), [(-1, 1), (0, 13), (12, 1), (0, -1)])
def test_reading_beyond_the_ends_is_refused(shards: TokenShards, start: int, count: int) -> None:
    with pytest.raises(IndexError, match="has 12 tokens"):
        shards.read(start, count)


def test_documents_have_bounds_and_are_listed_in_the_order_asked_for(shards: TokenShards) -> None:
    assert shards.document_bounds().tolist() == [0, 4, 6, 7, 10, 12]
    assert [e.name for e in shards.entries(range(shards.documents))] == ["0.0", "0.1", "2.0", "2.1", "2.2"]
    assert shards.entries([4, 0, 4]) == [Entry("2.2", "https://e.org/2"), Entry("0.0", "https://e.org/0")] + [
        Entry("2.2", "https://e.org/2")
    ]
    for outside in (-1, 5):
        with pytest.raises(IndexError, match=f"has 5 documents; {outside} was asked for"):
            shards.entries([0, outside])


def test_a_pickled_copy_reads_the_same_and_carries_no_tokens(shards: TokenShards) -> None:
    shards.read(0, 12)
    data = pickle.dumps(shards)
    assert pickle.loads(data).read(0, 12).tolist() == CONCATENATION
    assert b"memmap" not in data


def test_object_stores_are_read_by_range() -> None:
    lake = Lake("memory://token-shards")
    assert not lake.storage.is_local
    assert TokenShards.open(lake, publish(lake)).read(3, 8).tolist() == CONCATENATION[3:11]


def test_the_same_documents_give_the_same_bytes(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        publish(Lake(str(folder)))
    files = [{f.name: f.read_bytes() for f in d.rglob("*-0000*")} for d in folders]
    assert files[0] == files[1] and len(files[0]) == 6


def test_unfinished_shards_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Unfinished, match="make shards SOURCE=math"):
        TokenShards.open(Lake(str(tmp_path)), SHARDS.at("v1", "math"))


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    address = publish(lake)
    path = tmp_path / address.folder / "tokens-00002.bin"
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(Damaged, match="tokens-00002.bin has 20 bytes"):
        TokenShards.open(lake, address)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "this code reads format 1"),
        ({"tokens": 11}, "its shards sum to"),
        ({"eos": None, "vocabulary": "x", "surprise": 1}, "cannot be read"),
    ],
)
def test_info_that_disagrees_is_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    lake = Lake(str(tmp_path))
    address = publish(lake)
    path = tmp_path / address.folder / INFO
    record = {**json.loads(path.read_text()), **change}
    with pytest.raises(Damaged, match=message):
        ShardsInfo.from_json(json.dumps(record).encode(), "info.json")


def test_token_counts_that_differ_from_the_file_are_refused(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    address = SHARDS.at("v1", "math")
    publication = lake.begin(address, Provenance("jobs.shards", {}, {}, {}))
    assert publication is not None
    shard, *files = write_shard(lake.storage, address, 0, [Document("a", "", [1, 2])], EOS)
    for file in files:
        publication.add(file)
    wrong = ShardsInfo("math", "abc", 10, EOS, (type(shard)(shard.tokens_file, shard.documents_file, 4, 1),))
    publication.write_json(INFO, wrong.to_json())
    publication.finish()
    with pytest.raises(Damaged, match="says 4 tokens"):
        TokenShards.open(lake, address)


def test_sources_of_two_tokenizers_are_refused_together(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    one = TokenShards.open(lake, publish(lake))
    other = TokenShards.open(lake, publish(lake, source="code", tokenizer="xyz"))
    require_same_tokenizer([one])
    with pytest.raises(LakeError, match="source=code was tokenised by xyz, wanted is abc"):
        require_same_tokenizer([one, other])
    with pytest.raises(LakeError, match="source=math was tokenised by abc, wanted is xyz"):
        require_same_tokenizer([one], "xyz")

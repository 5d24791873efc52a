"""Publishing, refusing, lineage: on a local folder, and the same on an S3 server."""

import gzip
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from jobs.lake.catalog import Damaged, Differs, Lake, Unfinished
from jobs.lake.datasets import APPROVALS, CRAWL, MODELS, PAGES, RECALLED, Address, parse_address
from jobs.lake.lineage import chain
from jobs.lake.manifest import MANIFEST, Manifest, Provenance, source_digests
from jobs.lake.tables import SchemaMismatch

CRAWL_ROWS = pa.Table.from_pylist(
    [{"path": "/data/a.warc.gz", "bytes": 10, "digest": "d" * 64, "origin": "/data"}], CRAWL.schema
)


def provenance(**config: object) -> Provenance:
    return Provenance("jobs.crawl", dict(config), {}, {"jobs/crawl.py": "aa"})  # type: ignore[arg-type]


def publish(lake: Lake, address: Address, made_from: Provenance, table: pa.Table = CRAWL_ROWS) -> Manifest:
    publication = lake.begin(address, made_from)
    assert publication is not None
    publication.write_table("part-00000.parquet", table)
    return publication.finish(rows_in=1, dropped={"bad": 2})


@pytest.fixture(scope="module")
def s3_server() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def any_lake(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """moto stands in for S3: there is no object store on a test machine; the client is the real one."""
    if request.param == "folder":
        return Lake(str(tmp_path / "lake"))
    endpoint = request.getfixturevalue("s3_server")
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    import boto3

    bucket = f"lake-{os.path.basename(tmp_path).replace('_', '-').lower()}"[:60].strip("-")
    boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1").create_bucket(Bucket=bucket)
    return Lake(f"s3://{bucket}/prefix")


def test_what_was_published_is_read_back(any_lake: Lake) -> None:
    address = CRAWL.at("v1", "sample")
    manifest = publish(any_lake, address, provenance(n=1))
    assert any_lake.read_table(address) == CRAWL_ROWS
    assert any_lake.find(address) == manifest
    assert any_lake.finished(CRAWL, "v1") == [address]
    any_lake.verify(address)


def test_nothing_is_readable_before_the_manifest(any_lake: Lake) -> None:
    address = CRAWL.at("v1", "sample")
    publication = any_lake.begin(address, provenance())
    assert publication is not None
    publication.write_table("part-00000.parquet", CRAWL_ROWS)
    assert any_lake.finished(CRAWL, "v1") == []
    with pytest.raises(Unfinished, match=r"pages: crawl/v1/crawl=sample has no manifest.*make crawl CRAWL=sample"):
        any_lake.require(address, "pages")


def test_leftovers_of_a_dead_run_are_replaced(any_lake: Lake) -> None:
    address = CRAWL.at("v1", "sample")
    dead = any_lake.begin(address, provenance())
    assert dead is not None
    dead.write("part-00007.parquet", b"half a file")
    manifest = publish(any_lake, address, provenance())
    assert [f.name for f in manifest.files] == ["part-00000.parquet"]
    assert not any_lake.storage.exists(f"{address.folder}/part-00007.parquet")


def test_the_same_again_is_known_as_finished(any_lake: Lake) -> None:
    publish(any_lake, CRAWL.at("v1", "sample"), provenance(n=1))
    assert any_lake.begin(CRAWL.at("v1", "sample"), provenance(n=1)) is None


def test_something_else_at_the_address_is_refused_and_named(lake: Lake) -> None:
    publish(lake, CRAWL.at("v1", "sample"), provenance(pages=600))
    with pytest.raises(Differs, match=r"config pages: 600 -> 700[\s\S]*--version"):
        lake.begin(CRAWL.at("v1", "sample"), provenance(pages=700))
    assert lake.find(CRAWL.at("v1", "sample")) is not None


def test_replace_takes_the_manifest_away_first(lake: Lake) -> None:
    address = CRAWL.at("v1", "sample")
    publish(lake, address, provenance(n=1))
    assert lake.begin(address, provenance(n=2), replace_existing=True) is not None
    assert lake.find(address) is None


def test_a_missing_or_cut_file_is_found_on_reading(lake: Lake) -> None:
    address = CRAWL.at("v1", "sample")
    publish(lake, address, provenance())
    path = Path(lake.storage.path(f"{address.folder}/part-00000.parquet"))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Damaged, match="--replace"):
        lake.require(address, "pages")
    path.unlink()
    with pytest.raises(Damaged, match="is missing"):
        lake.require(address, "pages")


def test_a_flipped_byte_is_found_by_verify(lake: Lake) -> None:
    address = CRAWL.at("v1", "sample")
    publish(lake, address, provenance())
    path = Path(lake.storage.path(f"{address.folder}/part-00000.parquet"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(Damaged, match="sha256"):
        lake.verify(address)


def test_an_edited_manifest_is_refused(lake: Lake) -> None:
    address = CRAWL.at("v1", "sample")
    publish(lake, address, provenance(n=1))
    path = Path(lake.storage.path(f"{address.folder}/{MANIFEST}"))
    record = json.loads(path.read_text())
    record["provenance"]["config"]["n"] = 2
    path.write_text(json.dumps(record))
    with pytest.raises(ValueError, match="was edited"):
        lake.find(address)


def test_a_table_of_another_schema_is_refused(lake: Lake) -> None:
    publication = lake.begin(CRAWL.at("v1", "sample"), provenance())
    assert publication is not None
    with pytest.raises(SchemaMismatch, match=r"missing .*digest.*unexpected .*extra"):
        publication.write_table("part-00000.parquet", CRAWL_ROWS.rename_columns(["path", "bytes", "extra", "origin"]))


def test_a_write_that_fails_leaves_no_file(lake: Lake) -> None:
    with pytest.raises(RuntimeError), lake.storage.open_output("a/b") as sink:
        sink.write(b"half")
        raise RuntimeError("full disk")
    assert lake.storage.files("") == []


@pytest.mark.parametrize("text", ["recalled/v1/round=2", "corpus/2026.11", "models/v1/stage=sft"])
def test_addresses_round_trip(text: str) -> None:
    assert str(parse_address(text)) == text


@pytest.mark.parametrize(
    "text", ["nothing/v1", "recalled/v1", "recalled/v1/crawl=x", "pages/../crawl=x", "corpus/v1/round=1"]
)
def test_wrong_addresses_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_address(text)


@pytest.mark.parametrize("part", ["../x", "a/b", "", ".hidden"])
def test_a_part_can_never_leave_the_lake(part: str) -> None:
    with pytest.raises(ValueError):
        PAGES.at("v1", part)


def test_rounds_are_listed_by_number(lake: Lake) -> None:
    for number in (10, 2, 1):
        publication = lake.begin(APPROVALS.at("v1", number), provenance(round=number))
        assert publication is not None
        publication.finish()
    assert [a.part for a in lake.finished(APPROVALS, "v1")] == ["1", "2", "10"]


def test_lineage_goes_down_to_the_warc_files_and_marks_what_was_replaced(lake: Lake) -> None:
    crawl = publish(lake, CRAWL.at("v1", "sample"), provenance(n=1))
    made_from = Provenance("jobs.recall", {}, {"crawl/v1/crawl=sample": crawl.fingerprint, "file:seeds": "abc"}, {})
    publication = lake.begin(RECALLED.at("v1", 1), made_from)
    assert publication is not None
    publication.finish()
    lines = [link.text for link in chain(lake, RECALLED.at("v1", 1))]
    assert lines[1].startswith("crawl/v1/crawl=sample")
    assert "WARC /data/a.warc.gz" in lines[2]
    assert lines[3] == "seeds  abc  outside the lake"
    again = lake.begin(CRAWL.at("v1", "sample"), provenance(n=2), replace_existing=True)
    assert again is not None
    again.finish()
    assert any("REPLACED" in link.text for link in chain(lake, RECALLED.at("v1", 1)))


def test_the_fingerprint_covers_every_file_of_ours_that_a_stage_imports() -> None:
    digests = source_digests("jobs.pages")
    assert {"jobs/pages.py", "jobs/web/page_text.py", "jobs/lake/catalog.py", "jobs/runner.py"} <= digests.keys()
    assert not any(name.startswith(("training", "dags")) for name in digests)


def test_folders_of_files_hold_any_format(lake: Lake) -> None:
    publication = lake.begin(MODELS.at("v1", "sft"), provenance())
    assert publication is not None
    publication.write("weights.bin", b"\x00" * 8)
    manifest = publication.finish()
    assert (manifest.size, manifest.rows) == (8, 0)
    with lake.storage.local_copy("models/v1/stage=sft/weights.bin") as path:
        assert path.read_bytes() == b"\x00" * 8


def test_a_compressed_file_is_stored_and_hashed_as_it_is(any_lake: Lake) -> None:
    """pyarrow would compress and decompress by a file's ending, behind our back."""
    publication = any_lake.begin(MODELS.at("v1", "sft"), provenance())
    assert publication is not None
    publication.write("rows.jsonl.gz", gzip.compress(b"{}", mtime=0))
    publication.finish()
    any_lake.verify(MODELS.at("v1", "sft"))
    assert gzip.decompress(any_lake.storage.read("models/v1/stage=sft/rows.jsonl.gz")) == b"{}"


def test_the_remedy_names_the_version_where_it_is_not_the_default() -> None:
    assert RECALLED.at("v1", 2).remedy == "make recall ROUND=2"
    assert RECALLED.at("v2", 2).remedy == "make recall ROUND=2 VERSION=v2"
    assert MODELS.at("v2", "sft").remedy == "make sft VERSION=v2"

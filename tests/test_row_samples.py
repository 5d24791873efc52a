"""A sample is bounded, the same in every run, and keeps rows of one page_id together."""

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.lake.storage import Storage, WrittenFile
from jobs.row_samples import sampled_rows


def page_id(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()[:16]


@pytest.fixture
def files(tmp_path: Path) -> list[WrittenFile]:
    """Two files of 1,000 pages each, in row groups of 50; the second repeats ids 0 to 499 of the first."""
    (tmp_path / "table").mkdir()
    written = []
    for part, start in enumerate((0, 500)):
        ids = [page_id((n + start) % 1500) for n in range(1000)]
        table = pa.table({"page_id": ids, "text": [f"text {i}" for i in ids]})
        path = tmp_path / "table" / f"part-{part:05d}.parquet"
        pq.write_table(table, path, row_group_size=50)
        written.append(WrittenFile(path.name, 1000, path.stat().st_size, ""))
    return [*written, WrittenFile("quality/index.html", 0, 1, "")]


def sample(tmp_path: Path, files: list[WrittenFile], limit: int) -> pa.Table:
    batches = sampled_rows(Storage(str(tmp_path)), "table", files, ["page_id", "text"], limit)
    return pa.Table.from_batches(list(batches))


def test_everything_comes_where_it_fits(tmp_path: Path, files: list[WrittenFile]) -> None:
    assert sample(tmp_path, files, 2000).num_rows == 2000


def test_a_sample_stays_below_its_limit_and_near_it(tmp_path: Path, files: list[WrittenFile]) -> None:
    found = sample(tmp_path, files, 400)
    assert 300 < found.num_rows <= 400
    assert found.equals(sample(tmp_path, files, 400))


def test_a_repeated_page_id_is_in_the_sample_as_often_as_in_the_table(tmp_path: Path, files: list[WrittenFile]) -> None:
    everything = sample(tmp_path, files, 2000)["page_id"].to_pylist()
    chosen = sample(tmp_path, files, 400)["page_id"].to_pylist()
    assert any(chosen.count(i) == 2 for i in chosen)
    assert all(chosen.count(i) == everything.count(i) for i in chosen)


def test_the_limit_holds_where_ids_are_no_hashes(tmp_path: Path) -> None:
    (tmp_path / "table").mkdir()
    path = tmp_path / "table" / "part-00000.parquet"
    pq.write_table(pa.table({"page_id": ["0"] * 900, "text": ["x"] * 900}), path)
    files = [WrittenFile(path.name, 900, path.stat().st_size, "")]
    assert sample(tmp_path, files, 100).num_rows == 100

"""Whatever happens to a crawl file: nothing raises, no cut payload passes as whole, the other records all come out."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence

import pytest
from damaged_warcs import Broken, Stored, broken_files, stored_records
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.web.warc_records import NotAWarc, Rejected, WarcPage, read_warc

MAX_SECONDS = 5
"""For a file of a few kilobytes, on a busy machine."""
REPRODUCIBLE = settings(
    derandomize=True, deadline=None, max_examples=300, suppress_health_check=list(HealthCheck), print_blob=False
)


def read(data: bytes) -> list[WarcPage | Rejected]:
    return list(read_warc(io.BytesIO(data)))


def whole(found: Sequence[WarcPage | Rejected]) -> list[tuple[str, str]]:
    return [(one.url, one.payload_sha1) for one in found if isinstance(one, WarcPage) and not one.truncated]


def counted(found: Sequence[WarcPage | Rejected]) -> list[str]:
    kinds = [one.reason for one in found if isinstance(one, Rejected)]
    return kinds + [note.kind for one in found if isinstance(one, WarcPage) for note in one.notes]


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Stored], Broken]:
    records = draw(stored_records())
    return records, draw(broken_files(records, draw(st.sampled_from(("gzip", "zstd", "plain")))))


@REPRODUCIBLE
@given(cases())
def test_one_damage_costs_one_record_at_most(case: tuple[list[Stored], Broken]) -> None:
    records, broken = case
    begun = time.perf_counter()
    found = read(broken.data)
    assert time.perf_counter() - begun < MAX_SECONDS
    identities = [one.identity for one in records]
    passed = whole(found)
    assert set(passed) <= set(identities), broken.kind
    assert len(passed) == len(set(passed)), broken.kind
    safe = [identity for number, identity in enumerate(identities) if number != broken.struck]
    # A wrong length that ends just where a later record ends takes that record in; only the note tells.
    assert "record_inside" in counted(found) or set(safe) <= set(passed), (
        f"{broken.kind} at {broken.struck} lost more: {counted(found)}"
    )
    if set(passed) != set(identities) or broken.kind in ("junk", "garbage", "twice", "line_feeds"):
        assert counted(found), broken.kind


@REPRODUCIBLE
@given(cases())
def test_lost_ranges_lie_in_the_file_and_in_order(case: tuple[list[Stored], Broken]) -> None:
    _, broken = case
    places = [(one.warc_offset, one.warc_length) for one in read(broken.data)]
    assert all(offset >= 0 and length > 0 and offset + length <= len(broken.data) for offset, length in places)
    assert places == sorted(places)


@REPRODUCIBLE
@given(
    st.binary(max_size=400),
    st.sampled_from((b"", b"WARC/1.0\r\n", b"\x1f\x8b\x08", b"filedesc://x 0 2", b"\x28\xb5\x2f\xfd")),
)
def test_any_bytes_are_read_or_refused_by_name(data: bytes, start: bytes) -> None:
    try:
        found = read(start + data)
    except NotAWarc as refusal:
        assert "no WARC or ARC file" in str(refusal)
        return
    assert not whole(found)


@pytest.mark.parametrize(
    "data",
    [
        b"WARC/1.0\r\nContent-Length: 9\r\n\r\n" * 20_000,
        b"WARC/1.0\r\n" * 100_000,
        b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 0\r\n\r\n" + b"\x1f\x8b\x08\x00" * 100_000,
        b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 99999999999\r\n\r\n" * 10_000,
        b"filedesc://x.arc 0.0.0.0 20260115100000 text/plain 3\nabc\n" + b"http://a 1 20260115100000 x -1\n" * 20_000,
    ],
    ids=["records_in_a_row", "version_lines", "member_marks", "giant_lengths", "arc_lines"],
)
def test_hostile_files_take_time_in_proportion_to_their_size(data: bytes) -> None:
    begun = time.perf_counter()
    read(data)
    assert time.perf_counter() - begun < 4 * MAX_SECONDS

"""Coverage-guided fuzzing of the crawl reader: any bytes are read, counted or refused by name, within a time limit.

python tests/fuzz/fuzz_warc.py [CORPUS] -runs=100000 -timeout=10 -rss_limit_mb=1024      (needs atheris)
"""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # run as a file, from any folder

with atheris.instrument_imports(include=["jobs.web"]):
    from jobs.web.warc_records import NotAWarc, Rejected, WarcPage, read_warc

HEAD = b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://a.example/\r\nContent-Type: application/http\r\n"


def read_one(data: bytes) -> None:
    """The bytes as a file, as a gzip member, or as the HTTP message of a sound record, by the first one."""
    if not data:
        return
    kind, rest = data[0] % 3, data[1:]
    if kind == 1:
        rest = gzip.compress(rest, 1, mtime=0)
    elif kind == 2:
        rest = HEAD + b"Content-Length: %d\r\n\r\n" % len(rest) + rest + b"\r\n\r\n"
    try:
        found = list(read_warc(io.BytesIO(rest)))
    except NotAWarc:
        return
    for one in found:
        assert isinstance(one, WarcPage | Rejected)
        assert 0 <= one.warc_offset <= one.warc_offset + one.warc_length <= len(rest), one


if __name__ == "__main__":
    atheris.Setup(sys.argv, read_one)
    atheris.Fuzz()

"""Coverage-guided fuzzing of charset detection and page text: any bytes give a page, and never raise.

python tests/fuzz/fuzz_page.py [CORPUS] -runs=100000 -timeout=10 -rss_limit_mb=2048      (needs atheris)
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # run as a file, from any folder

import jobs.html

for module in pkgutil.iter_modules(jobs.html.__path__, "jobs.html."):
    importlib.import_module(module.name)  # compiled functions cannot be instrumented

with atheris.instrument_imports(include=["jobs.web"]):
    from jobs.web.charset import decode_page
    from jobs.web.page_text import extract_page

CONTENT_TYPES = ("", "text/html; charset=utf-8", "text/html; charset=gb2312", "text/html; charset=x-none")


def read_one(data: bytes) -> None:
    """The first byte picks the declared charset, the rest is the page."""
    if not data:
        return
    page = decode_page(data[1:], CONTENT_TYPES[data[0] % len(CONTENT_TYPES)])
    found = extract_page(page.html, "https://a.example/")
    assert 0 <= found.formulas_kept <= found.formulas_seen, found


if __name__ == "__main__":
    atheris.Setup(sys.argv, read_one)
    atheris.Fuzz()

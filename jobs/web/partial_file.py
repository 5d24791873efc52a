"""A file that arrives in pieces over several tries: its bytes so far, and which version of the file they belong to."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True)
class PartialFile:
    """`<file>.part` holds the bytes, `<file>.part.json` the server's ETag and the announced length. `<file>` itself
    exists only when whole."""

    file: Path

    @property
    def path(self) -> Path:
        return self.file.with_name(self.file.name + ".part")

    @property
    def note(self) -> Path:
        return self.file.with_name(self.file.name + ".part.json")

    @property
    def etag(self) -> str:
        return self._read_note()[0]

    @property
    def size(self) -> int:
        """Bytes to go on from: 0 for a part whose version is not known, since it may be of another file."""
        return self.path.stat().st_size if self.path.exists() and self.etag else 0

    @property
    def whole(self) -> bool:
        """Whether all announced bytes are here, so that only the renaming is missing."""
        etag, total = self._read_note()
        return bool(etag) and self.size == total

    def append_at(self, offset: int, etag: str, total: int) -> BinaryIO:
        """The part, open for writing at an offset; what lay behind it is cut off."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        out = self.path.open("r+b" if offset else "wb")
        out.seek(offset)
        out.truncate()
        self.note.write_text(json.dumps({"etag": etag, "total": total}), encoding="utf-8")
        return out

    def publish(self) -> int:
        """Turn the part into the file, in one step; returns its size in bytes."""
        with self.path.open("rb") as whole:
            os.fsync(whole.fileno())
        size = self.path.stat().st_size
        os.replace(self.path, self.file)
        self.note.unlink(missing_ok=True)
        return size

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)

    def _read_note(self) -> tuple[str, int]:
        """ETag and length; ('', 0) when there is no readable note, and the part then counts for nothing."""
        try:
            note = json.loads(self.note.read_text(encoding="utf-8"))
            return str(note["etag"]), int(note["total"])
        except (OSError, ValueError, KeyError, TypeError):
            return "", 0

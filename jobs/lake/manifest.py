"""What a finished dataset says of itself: its files, where it came from, and what was left out on the way.

A manifest is written last. Its fingerprint covers config, inputs and code, so two runs that would make the same thing
agree and two that would not are told apart before anything is written.
"""

import ast
import hashlib
import json
import subprocess
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

from jobs.lake.settings import JsonValue
from jobs.lake.storage import WrittenFile

MANIFEST = "_MANIFEST.json"
FORMAT = 1
PROJECT = Path(__file__).resolve().parents[2]
OUR_PACKAGES = ("jobs", "training")


@dataclass(frozen=True)
class Provenance:
    """What decides a dataset's content: the stage, its config, its inputs' fingerprints, the code it ran."""

    stage: str
    config: dict[str, JsonValue]
    inputs: dict[str, str]
    """Lake address -> fingerprint of its manifest; `file:NAME` -> digest of something outside the lake."""
    code: dict[str, str]
    """Source file -> digest, for every file of ours that the stage imports."""

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]

    def differences(self, other: "Provenance") -> list[str]:
        """Lines that say what differs, self first; empty where the fingerprints agree."""
        lines = []
        for name in ("config", "inputs", "code"):
            mine, theirs = getattr(self, name), getattr(other, name)
            for key in sorted(mine.keys() | theirs.keys()):
                if mine.get(key) != theirs.get(key):
                    lines.append(f"{name} {key}: {mine.get(key, 'absent')} -> {theirs.get(key, 'absent')}")
        return lines


@dataclass(frozen=True)
class Manifest:
    """The record of one finished address."""

    address: str
    provenance: Provenance
    rows: int
    size: int
    """Bytes of all files."""
    files: tuple[WrittenFile, ...]
    rows_in: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    """Reason -> count of what went in and did not come out."""
    figures: dict[str, JsonValue] = field(default_factory=dict)
    """Small results that reports show: histograms, thresholds, metrics."""
    locations: dict[str, str] = field(default_factory=dict)
    """Settings that say where something lay; they are not part of the fingerprint."""
    commit: str = ""
    finished_at: str = ""
    seconds: float = 0.0

    @property
    def fingerprint(self) -> str:
        return self.provenance.fingerprint

    def to_json(self) -> bytes:
        record = {"format": FORMAT, "fingerprint": self.fingerprint, **asdict(self)}
        return json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, data: bytes, where: str) -> "Manifest":
        """Raises ValueError where the file is no manifest of this format or was edited by hand."""
        try:
            record = json.loads(data)
            found, claimed = record.pop("format"), record.pop("fingerprint")
            if found != FORMAT:
                raise ValueError(f"format {found}, this code reads format {FORMAT}")
            record["provenance"] = Provenance(**record["provenance"])
            record["files"] = tuple(WrittenFile(**f) for f in record["files"])
            manifest = cls(**record)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{where} is not a readable manifest: {error}") from error
        if manifest.fingerprint != claimed:
            raise ValueError(f"{where} was edited: its fingerprint {claimed} does not fit its content")
        return manifest


@cache
def source_digests(module: str) -> dict[str, str]:
    """Source file -> short digest for a module of ours and all of ours that it imports, found without running it."""
    digests: dict[str, str] = {}
    waiting = [module]
    while waiting:
        path = _source_path(waiting.pop())
        if path is None or (name := path.relative_to(PROJECT).as_posix()) in digests:
            continue
        source = path.read_bytes()
        digests[name] = hashlib.sha256(source).hexdigest()[:12]
        waiting += _imports(ast.parse(source))
    return dict(sorted(digests.items()))


def commit() -> str:
    """The code's git commit, for people; '' outside a checkout."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(PROJECT), "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return ""
    return answer.stdout.strip()


def _imports(tree: ast.AST) -> list[str]:
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
    return [n for n in names if n.split(".")[0] in OUR_PACKAGES]


def _source_path(module: str) -> Path | None:
    base = PROJECT.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None  # a name inside a module, not a module

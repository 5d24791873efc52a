"""python -m jobs.tokenizer --vocabulary 2048: a byte-level BPE trained on the corpus, or a given tokenizer.json.

The paper goes on from DeepSeek-Coder with its tokenizer (--file); the tiny recipe trains its own. Digits stand alone,
as in DeepSeek-LLM, so that numbers of any length are spelled the same way. No Spark: one process trains on --text-mb.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.lake.catalog import Lake
from jobs.lake.datasets import CORPUS, TOKENIZER, Address
from jobs.lake.settings import JsonValue, Location, SettingsError
from jobs.lake.stage import Run, Stage, StageError, StageSettings, main, sampled_digest
from jobs.lake.token_shards import tokenizer_fingerprint
from jobs.text import bpe

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Kernel

FILE = "tokenizer.json"
MEASURED_BYTES = 16 << 20


@dataclass(frozen=True)
class Tokenizer(StageSettings):
    """Train a byte-level BPE tokenizer on the corpus, or take one that exists."""

    vocabulary: int = 2048
    """Tokens to learn, the 256 bytes and three special tokens included; a given --file keeps its own."""
    file: Location = ""
    """A tokenizer.json to take instead of training one; it must know <eos> and <pad>, or --eos and --pad its own."""
    eos: str = ""
    """The special token of --file that ends a text, such as <|endoftext|>; it keeps its id and is called <eos> here."""
    pad: str = ""
    """The special token of --file that fills up rows, another one than --eos; called <pad> here."""
    text_mb: int = 1000
    """Train on at most this much text in megabytes; the corpus lies in the order of hashes, so the first part is a
    random one."""

    def __post_init__(self) -> None:
        if self.vocabulary < bpe.SMALLEST:
            raise SettingsError(
                f"--vocabulary {self.vocabulary}: at least {bpe.SMALLEST}: all bytes and special tokens"
            )
        if (self.eos or self.pad) and not self.file:
            raise SettingsError("--eos and --pad name tokens of a given --file, and there is none")
        if self.text_mb < 1:
            raise SettingsError(f"--text-mb {self.text_mb}: at least 1")


def reads(settings: Tokenizer, lake: Lake) -> list[Address]:
    return [CORPUS.at(settings.version)]


def sources(settings: Tokenizer) -> dict[str, str]:
    if not settings.file:
        return {}
    path = Path(settings.file)
    if not path.is_file():
        raise StageError(f"tokenizer: --file {settings.file!r} is no file")
    return {FILE: sampled_digest([path])}


def tokenizer(settings: Tokenizer, run: Run) -> None:
    corpus = CORPUS.at(settings.version)
    if settings.file:
        made = given(Path(settings.file), settings.eos, settings.pad)
    else:
        made = bpe.train(_texts(run.lake, corpus, settings.text_mb * 10**6), settings.vocabulary)
        run.count_in(run.input(corpus).rows)
    source = made.to_str(pretty=False).encode()
    size = bpe.vocabulary_size(made)
    if size < settings.vocabulary and not settings.file:
        run.log(f"the corpus gives {size} tokens only, --vocabulary asked for {settings.vocabulary}")
    measured, tokens = measure(made, _texts(run.lake, corpus, MEASURED_BYTES))
    publication = run.output(TOKENIZER)
    publication.write(FILE, source)
    info: dict[str, JsonValue] = {
        "fingerprint": tokenizer_fingerprint(source),
        "vocabulary": size,
        "specials": {name: made.token_to_id(name) for name in bpe.SPECIALS if made.token_to_id(name) is not None},
        "bytes_per_token": round(measured / tokens, 4) if tokens else None,
        "measured_bytes": measured,
        "trained": not settings.file,
    }
    publication.write_json("info.json", info)
    for name in ("fingerprint", "vocabulary", "bytes_per_token"):
        run.figure(name, info[name])


def given(path: Path, eos: str, pad: str) -> "Kernel":
    """The tokenizer in a file. Raises StageError where it is none of use."""
    try:
        source = path.read_text(encoding="utf-8")
        return bpe.load(bpe.named(source, eos, pad) if eos or pad else source)
    except ValueError as error:
        raise StageError(f"tokenizer: --file {path} cannot be used: {error}") from error


def measure(kernel: "Kernel", texts: Iterable[str]) -> tuple[int, int]:
    """(UTF-8 bytes, tokens) of texts."""
    size = tokens = 0
    for text in texts:
        size += len(text.encode())
        tokens += sum(len(ids) for ids in bpe.encode(kernel, [text]))
    return size, tokens


def _texts(lake: Lake, corpus: Address, most_bytes: int) -> Iterator[str]:
    left = most_bytes
    for batch in lake.read_batches(corpus, ["text"], reader="tokenizer"):
        for text in batch.column("text").to_pylist():
            left -= len(text.encode())
            yield text
            if left <= 0:
                return


STAGE = Stage(
    Tokenizer, tokenizer, reads=reads, sources=sources, writes=lambda settings: [TOKENIZER.at(settings.version)]
)

if __name__ == "__main__":
    main(STAGE)

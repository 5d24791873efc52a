"""The tokenizer of a run: byte-level BPE from the lake's tokenizer dataset, or from a model, which carries it."""

from collections.abc import Sequence
from dataclasses import dataclass

import tokenizers

from jobs.lake.catalog import Lake
from jobs.lake.datasets import Address
from jobs.lake.settings import JsonValue
from jobs.lake.stage import StageError

FILE = "tokenizer.json"
EOS, PAD, BOS = "<eos>", "<pad>", "<bos>"


@dataclass(frozen=True)
class Tokenizer:
    """Text to token ids and back. Special tokens are never made from text: only by id."""

    source: str
    """The content of tokenizer.json."""
    where: str = "tokenizer.json"

    def __post_init__(self) -> None:
        kernel = tokenizers.Tokenizer.from_str(self.source)
        kernel.encode_special_tokens = True  # "<eos>" in a question is text, and must not end the answer
        missing = [t for t in (EOS, PAD) if kernel.token_to_id(t) is None]
        if missing:
            raise StageError(f"{self.where} lacks the special tokens {missing}; make one with 'make tokenizer'")
        object.__setattr__(self, "_kernel", kernel)

    @property
    def _tokens(self) -> tokenizers.Tokenizer:
        return self._kernel  # type: ignore[attr-defined]

    @property
    def vocabulary(self) -> int:
        """Number of ids, special tokens included."""
        return int(self._tokens.get_vocab_size(with_added_tokens=True))

    @property
    def eos(self) -> int:
        return self._id(EOS)

    @property
    def pad(self) -> int:
        return self._id(PAD)

    def _id(self, token: str) -> int:
        found = self._tokens.token_to_id(token)
        assert found is not None, "checked at the start"
        return int(found)

    def encode(self, text: str) -> list[int]:
        return list(self._tokens.encode(text, add_special_tokens=False).ids)

    def encode_many(self, texts: Sequence[str]) -> list[list[int]]:
        return [list(e.ids) for e in self._tokens.encode_batch(list(texts), add_special_tokens=False)]

    def decode(self, ids: Sequence[int]) -> str:
        """Text of the ids, special tokens left out."""
        return str(self._tokens.decode(list(ids), skip_special_tokens=True))

    def huggingface_config(self) -> dict[str, JsonValue]:
        """tokenizer_config.json for Hugging Face's AutoTokenizer."""
        named: dict[str, JsonValue] = {"eos_token": EOS, "pad_token": PAD}
        if self._tokens.token_to_id(BOS) is not None:
            named["bos_token"] = BOS
        return {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False, **named}


def read_tokenizer(lake: Lake, address: Address) -> Tokenizer:
    """The tokenizer at a tokenizer or model address that was required before. Raises StageError."""
    name = f"{address.folder}/{FILE}"
    if not lake.storage.exists(name):
        raise StageError(f"{address} has no {FILE}; run '{address.remedy}' again")
    return Tokenizer(lake.storage.read(name).decode(), f"{address}/{FILE}")

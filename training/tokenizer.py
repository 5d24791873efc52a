"""The tokenizer of a run: byte-level BPE from the lake's tokenizer dataset, or from a model, which carries it."""

import json
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


def differences(theirs: str, ours: str) -> str:
    """Where two tokenizer.json give other ids, for people; '' where they agree.

    The names of our special tokens do not count: `jobs.tokenizer --eos` renames a given tokenizer's own, ids stay.
    Raises ValueError where one cannot be read.
    """
    try:
        kernels = [tokenizers.Tokenizer.from_str(source) for source in (theirs, ours)]
    except Exception as error:  # the library raises a plain Exception for every fault of the file
        raise ValueError(f"no tokenizer.json: {error}") from error
    there, here = ({i: t for t, i in k.get_vocab(with_added_tokens=True).items()} for k in kernels)
    if len(there) != len(here):
        return f"it has {len(here):,} ids, the checkpoint's has {len(there):,}"
    for number in sorted(there):
        if there[number] != here.get(number) and here.get(number) not in (EOS, PAD, BOS):
            return f"id {number} is {here.get(number)!r}, in the checkpoint's {there[number]!r}"
    rules, wanted = (json.loads(k.to_str()) for k in reversed(kernels))
    rules["model"].pop("vocab"), wanted["model"].pop("vocab")
    parts = [part for part in ("normalizer", "pre_tokenizer", "model") if rules[part] != wanted[part]]
    return f"its {parts[0]} splits text in another way" if parts else ""


def read_tokenizer(lake: Lake, address: Address) -> Tokenizer:
    """The tokenizer at a tokenizer or model address that was required before. Raises StageError."""
    name = f"{address.folder}/{FILE}"
    if not lake.storage.exists(name):
        raise StageError(f"{address} has no {FILE}; run '{address.remedy}' again")
    return Tokenizer(lake.storage.read(name).decode(), f"{address}/{FILE}")

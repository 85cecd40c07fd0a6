"""The words of a list in the spelling of the tokens stage, and the words that cannot equal a token."""

from collections.abc import Iterable, Sequence

import pyarrow as pa

from w2v_core.config import TokenizeConfig
from w2v_core.tokenization.normalize import Rules
from w2v_core.tokenization.tokenizers import load_tokenizer

_CHECKED = ("unicode_words", "whitespace", "char_ngrams", "regex")
_LOOKS_AROUND = ("(?=", "(?!", "(?<")
_SHOWN = 5


def normalized_words(words: Iterable[str], rules: Rules) -> tuple[str, ...]:
    """Return each word in the spelling of `rules`, once, sorted by code point."""
    return tuple(sorted({rules.apply(word) for word in words} - {""}))


def given_and_normalized(words: Iterable[str], rules: Rules) -> tuple[str, ...]:
    """Return the words as given and in the spelling of `rules`: ready lists of tokens are never normalized."""
    words = set(words)
    return tuple(sorted(words.union(normalized_words(words, rules))))


def impossible_words(
    words: Sequence[str], config: TokenizeConfig, rules: Rules, delimiter: str | None = None
) -> list[str]:
    """Return the words that the tokenizer never gives as one token, in order.

    Parameters
    ----------
    words : sequence of str
        As given, not normalized.
    config : TokenizeConfig
        The settings of the tokens stage. Of analysers and models only those know what they can give: nothing is found.
    rules : Rules
        The spelling of the tokens stage.
    delimiter : str, optional
        What the phrases stage puts between the words of a phrase, each of which is looked at alone.
    """
    if config.tokenizer not in _CHECKED or (
        config.tokenizer == "regex" and any(sign in config.pattern for sign in _LOOKS_AROUND)
    ):
        return []
    tokenize = load_tokenizer(config)

    def is_token(word: str) -> bool:
        return word in tokenize(pa.array([word], pa.string()))[0].as_py()

    def is_possible(word: str) -> bool:
        parts = word.split(delimiter) if delimiter else []
        return is_token(word) or (len(parts) > 1 and all(map(is_token, parts)))

    return [word for word in words if not is_possible(rules.apply(word))]


def listed(words: Sequence[str]) -> str:
    """Return the first few words for a message."""
    more = [] if len(words) <= _SHOWN else ["…"]
    return ", ".join([*map(repr, words[:_SHOWN]), *more])

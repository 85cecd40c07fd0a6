"""Warnings about lists of words that settings name."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from w2v_core.config import TokenizeConfig
from w2v_core.io.events import log_event
from w2v_core.tokenization.normalize import Rules
from w2v_core.tokenization.tokenizers import spelling
from w2v_core.tokenization.word_forms import given_and_normalized, impossible_words, listed


def warn_of_impossible(
    setting: str, words: Sequence[str], config: TokenizeConfig, delimiter: str | None = None
) -> None:
    """Log a warning with the words that no token can equal.

    Parameters
    ----------
    setting : str
        The setting and its value, as in the message.
    words : sequence of str
        The words of the list, as given.
    config : TokenizeConfig
        The settings of the tokens stage.
    delimiter : str, optional
        What stands between the words of a phrase, where there are phrases.
    """
    impossible = impossible_words(words, config, spelling(config), delimiter)
    if impossible:
        log_event(
            f"{setting}: {len(impossible):,} of {len(words):,} words can never match a token: {listed(impossible)}. "
            f"The tokenizer {config.tokenizer} does not give them whole. Write each word as one token.",
            "words_impossible",
            "warning",
            words=len(impossible),
            first=impossible[:5],
        )


def warn_of_absent(setting: str, words: Sequence[str], rules: Rules, tokens: pa.ChunkedArray) -> int:
    """Log a warning with the words that the corpus does not have, and return how many they are.

    Parameters
    ----------
    setting : str
        The setting and its value, as in the message.
    words : sequence of str
        The words of the list, as given.
    rules : Rules
        How the corpus was normalized.
    tokens : pyarrow.ChunkedArray
        The vocabulary.
    """
    wanted = pa.array(given_and_normalized(words, rules))
    found = set(tokens.filter(pc.is_in(tokens, value_set=wanted)).to_pylist())
    absent = [word for word in words if word not in found and rules.apply(word) not in found]
    if absent:
        log_event(
            f"{setting}: {len(absent):,} of {len(words):,} words do not occur in the corpus and get no vector: "
            f"{listed(absent)}. Check their spelling.",
            "words_absent",
            "warning",
            words=len(absent),
            first=absent[:5],
        )
    return len(absent)

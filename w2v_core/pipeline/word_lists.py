"""Warnings about lists of words that settings name."""

from collections.abc import Sequence

from w2v_core.config import TokenizeConfig
from w2v_core.io.events import log_event
from w2v_core.tokenization.tokenizers import spelling
from w2v_core.tokenization.word_forms import impossible_words, listed


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

"""Lines to tokens, one idea a file.

protocol        what a tokenizer is, and how a function on one line becomes one
unicode_words   runs of letters and digits of any script: the default
whitespace      tokens that are separated already
regex           what a pattern finds
char_ngrams     every run of n characters within a word

tokenize = load_tokenizer(TokenizeConfig(tokenizer="whitespace"))
tokenize(pa.array(["서울 은 한국 의 수도"])).to_pylist()   # [['서울', '은', '한국', '의', '수도']]
"""

from collections.abc import Callable
from dataclasses import dataclass

from w2v_core.config import TokenizeConfig
from w2v_core.text.normalize import Rules
from w2v_core.text.tokenizers import char_ngrams, regex, unicode_words, whitespace
from w2v_core.text.tokenizers.protocol import Tokenizer, each_line

_AS_IT_IS = Rules()
_ONE_SPELLING = Rules(form="NFKC", lower=True)


@dataclass(frozen=True)
class _Kind:
    """How one tokenizer is made, and the spelling its lines get where the settings do not say."""

    make: Callable[[TokenizeConfig], Tokenizer]
    spelling: Rules = _ONE_SPELLING


_KINDS = {
    "unicode_words": _Kind(lambda _: unicode_words.tokenize),
    "whitespace": _Kind(lambda _: each_line(whitespace.tokenize), _AS_IT_IS),
    "regex": _Kind(lambda config: each_line(regex.tokenizer(config.pattern))),
    "char_ngrams": _Kind(lambda config: each_line(char_ngrams.tokenizer(config.min_n, config.max_n))),
}


def load_tokenizer(config: TokenizeConfig) -> Tokenizer:
    """The tokenizer that the settings name."""
    return _KINDS[config.tokenizer].make(config)


def spelling(config: TokenizeConfig) -> Rules:
    """How lines are normalized before the tokenizer sees them: as the settings say, else as it suits it."""
    own = _KINDS[config.tokenizer].spelling
    return Rules(
        form=own.form if config.normal_form is None else config.normal_form,
        lower=own.lower if config.lower is None else config.lower,
        strip_accents=config.strip_accents,
        digits_to_zero=config.digits_to_zero,
    )

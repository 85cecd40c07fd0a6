"""Tokenizers: lines to tokens, one module each.

protocol        what a tokenizer is, and how a function on one line becomes one
unicode_words   runs of letters and digits of any script: the default
whitespace      tokens that are separated already
regex           what a pattern finds
char_ngrams     every run of n characters within a word
mecab_ko        Korean morphemes, fast
kiwi            Korean morphemes, exact
fugashi         Japanese words
jieba           Chinese words
sentencepiece   the pieces of a model that was trained on text
analyser        what those of a language have in common: packages that are extras
per_word        each distinct word analysed once

tokenize = load_tokenizer(TokenizeConfig(tokenizer="whitespace"))
tokenize(pa.array(["서울 은 한국 의 수도"])).to_pylist()   # [['서울', '은', '한국', '의', '수도']]
"""

from collections.abc import Callable
from dataclasses import dataclass

from w2v_core.config import TokenizeConfig
from w2v_core.tokenization.normalize import Rules
from w2v_core.tokenization.tokenizers import (
    char_ngrams,
    fugashi,
    jieba,
    kiwi,
    mecab_ko,
    per_word,
    regex,
    sentencepiece,
    unicode_words,
    whitespace,
)
from w2v_core.tokenization.tokenizers.analyser import versions_of, words_of
from w2v_core.tokenization.tokenizers.protocol import Tokenizer, each_line

_AS_IT_IS = Rules()
_ONE_SPELLING = Rules(form="NFKC", lower=True)


@dataclass(frozen=True)
class _Kind:
    """The factory of a tokenizer, its default normalization, and the packages it needs."""

    make: Callable[[TokenizeConfig, bytes], Tokenizer]
    spelling: Rules = _ONE_SPELLING
    packages: tuple[str, ...] = ()
    extra: str = ""


_KINDS = {
    "unicode_words": _Kind(lambda *_: unicode_words.tokenize),
    "whitespace": _Kind(lambda *_: each_line(whitespace.tokenize), _AS_IT_IS),
    "regex": _Kind(lambda config, _: each_line(regex.tokenizer(config.pattern))),
    "char_ngrams": _Kind(lambda config, _: each_line(char_ngrams.tokenizer(config.min_n, config.max_n))),
    "mecab_ko": _Kind(lambda *_: words_of(mecab_ko.analyser()), packages=mecab_ko.PACKAGES, extra="korean"),
    "kiwi": _Kind(lambda *_: words_of(kiwi.analyser()), packages=kiwi.PACKAGES, extra="korean"),
    "fugashi": _Kind(lambda *_: words_of(fugashi.analyser()), packages=fugashi.PACKAGES, extra="japanese"),
    "jieba": _Kind(lambda *_: words_of(jieba.analyser()), packages=jieba.PACKAGES, extra="chinese"),
    "sentencepiece": _Kind(
        lambda config, model: sentencepiece.tokenizer(model, config.model),
        _AS_IT_IS,
        sentencepiece.PACKAGES,
        "sentencepiece",
    ),
}


def load_tokenizer(config: TokenizeConfig, model: bytes = b"") -> Tokenizer:
    """Return the tokenizer that the settings name; `model` is the content of the file tokenize.model.

    Raises UserError if its packages are not installed, or `model` is not a valid model.
    """
    package_versions(config)
    tokenize = _KINDS[config.tokenizer].make(config, model)
    return per_word.tokenizer(tokenize) if config.per_word else tokenize


def package_versions(config: TokenizeConfig) -> dict[str, str]:
    """Return the versions of the packages that decide the tokens. Raises UserError if one is missing."""
    kind = _KINDS[config.tokenizer]
    return versions_of(kind.packages, kind.extra, config.tokenizer)


def spelling(config: TokenizeConfig) -> Rules:
    """Return the normalization rules: those of the settings, else the defaults of the tokenizer."""
    own = _KINDS[config.tokenizer].spelling
    return Rules(
        form=own.form if config.normal_form is None else config.normal_form,
        lower=own.lower if config.lower is None else config.lower,
        strip_accents=config.strip_accents,
        digits_to_zero=config.digits_to_zero,
    )

"""Settings from text to shards: one frozen model a stage."""

import re
from typing import Literal, Self

from pydantic import (
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from w2v_core.config.section import Section


class TokenizeConfig(Section):
    """Raw text to sentences of tokens."""

    execution_only = frozenset({"split_bytes"})

    tokenizer: Literal[
        "unicode_words",
        "whitespace",
        "regex",
        "char_ngrams",
        "mecab_ko",
        "kiwi",
        "fugashi",
        "jieba",
        "sentencepiece",
    ] = Field(
        "unicode_words",
        description="unicode_words: runs of letters, digits and their marks; whitespace: what stands between white "
        "space; regex: what `pattern` finds; char_ngrams: runs of min_n to max_n characters within a word; mecab_ko, "
        "kiwi: Korean morphemes; fugashi: Japanese words; jieba: Chinese words; sentencepiece: the pieces of `model`",
    )
    format: (
        Literal["text", "json lines", "csv", "tsv", "parquet", "orc", "avro", "arrow", "mediawiki"] | None
    ) = Field(
        None,
        description="how all input files are read. Absent: as the content of each shows; its ending decides only "
        "between text, JSON lines, CSV and TSV where the content leaves that open",
    )
    pattern: str = Field(
        r"\w+",
        min_length=1,
        description="for regex: a token, in Python's syntax; where it has a group, the group is",
    )
    min_n: int = Field(
        2, ge=1, le=100, description="for char_ngrams: characters of the shortest, each with its marks"
    )
    max_n: int = Field(3, ge=1, le=100, description="for char_ngrams: characters of the longest")
    model: str | None = Field(
        None, min_length=1, description="for sentencepiece: the file of a trained model, a path or a URI"
    )
    per_word: bool = Field(
        False,
        description="for mecab_ko and kiwi: analyse each distinct word once, many times faster and less exact",
    )
    normal_form: Literal["NFC", "NFKC", "none"] | None = Field(
        None,
        description="one spelling for what looks alike; NFKC also for full-width and other compatible characters; both "
        "remove soft hyphens, and joiners that do not matter. Absent: NFKC, but none for whitespace and sentencepiece",
    )
    lower: bool | None = Field(
        None, description="lower case. Absent: true, but false for whitespace and sentencepiece"
    )
    strip_accents: bool = Field(
        False,
        description="remove the diacritics of Latin, Greek and Cyrillic letters; other scripts stay whole",
    )
    digits_to_zero: bool = Field(False, description="every decimal digit becomes 0: numbers by their length")
    url_token: str | None = Field(
        None, min_length=1, description="the word that stands for every URL. Absent: as it is"
    )
    email_token: str | None = Field(
        None, min_length=1, description="the word that stands for every e-mail address. Absent: as it is"
    )
    stop_words: str | None = Field(
        None,
        min_length=1,
        description="a file of words, one a line, that are left out; they are normalized as the text is",
    )
    min_token_length: int = Field(1, ge=1, description="tokens of fewer characters are left out")
    max_token_length: int | None = Field(
        None, ge=1, description="tokens of more characters are left out. Absent: no limit"
    )
    sentences: Literal["line", "regex", "none"] = Field(
        "line",
        description="what no window reaches out of: line: a line; regex: a piece of a line between what "
        "`sentence_boundary` finds; none: a row of a table whole, with its line breaks (in text files a line is a row)",
    )
    sentence_boundary: str = Field(
        r"(?<=[.!?])\s+|(?<=[。！？])",
        min_length=1,
        description="for sentences=regex: what stands between two sentences, in Python's syntax",
    )
    column: str = Field(
        "text",
        min_length=1,
        description="the column of tables and JSON lines: text, or lists of tokens or of ids, which stay as they are; "
        "in Parquet and JSON lines also a path to a field, as in doc.text",
    )
    missing_column: Literal["error", "null"] = Field(
        "error",
        description="a table or CSV file without `column`, or without `weight_column`, is an error, or its rows have "
        "no text, or no weight; for old parts of data whose columns have changed",
    )
    weight_column: str | None = Field(
        None,
        min_length=1,
        description="the column of tables and JSON lines with a row's weight, carried into the shards. Absent: none",
    )
    strict: bool = Field(
        False,
        description="refuse what is not UTF-8, or no JSON line, instead of replacing or skipping it and counting",
    )
    split_bytes: int = Field(
        32 * 1024 * 1024,
        ge=1024,
        le=2**40,
        description="bytes of input one task reads: large files are cut here, small ones gathered up to it",
    )

    @field_validator("pattern", "sentence_boundary")
    @classmethod
    def _is_a_pattern(cls, value: str, info: ValidationInfo) -> str:
        try:
            if info.field_name == "pattern" and (groups := re.compile(value).groups) > 1:
                raise ValueError(
                    f"tokenize.pattern = {value!r}: expected at most one group, got {groups}. "
                    "Write (?:…) for the others."
                )
            re.compile(value)
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(
                f"tokenize.{info.field_name} = {value!r} is not a valid pattern of Python's re: {error}. Correct the "
                "pattern."
            ) from None
        return value

    @model_validator(mode="after")
    def _suits_the_tokenizer(self) -> Self:
        if self.per_word and self.tokenizer not in ("mecab_ko", "kiwi"):
            raise ValueError(
                f"tokenize.per_word = true: expected tokenize.tokenizer = mecab_ko or kiwi, got {self.tokenizer}. "
                "Leave out tokenize.per_word."
            )
        if (self.tokenizer == "sentencepiece") != (self.model is not None):
            if self.model is None:
                raise ValueError(
                    "tokenize.tokenizer = sentencepiece requires tokenize.model. Set it to a model file."
                )
            raise ValueError(
                f"tokenize.model = {self.model}: expected tokenize.tokenizer = sentencepiece, got {self.tokenizer}. "
                "Leave out tokenize.model."
            )
        return self

    @model_validator(mode="after")
    def _require_possible_lengths(self) -> Self:
        if self.min_n > self.max_n:
            raise ValueError(
                f"tokenize.min_n = {self.min_n}: expected at most tokenize.max_n = {self.max_n}. Lower tokenize.min_n."
            )
        if self.max_token_length is not None and self.min_token_length > self.max_token_length:
            raise ValueError(
                f"tokenize.min_token_length = {self.min_token_length}: expected at most tokenize.max_token_length = "
                f"{self.max_token_length}. Lower tokenize.min_token_length."
            )
        return self


class PhrasesConfig(Section):
    """Neighbours that belong together to one token, before words are counted."""

    passes: int = Field(
        0,
        ge=0,
        le=10,
        description="0: no phrases; 1: of two words; each further pass may join phrases to longer ones",
    )
    min_count: int = Field(5, ge=1, le=2**62, description="rarer words and phrases are not joined")
    threshold: float = Field(
        10.0, description="a phrase scores above this; higher means fewer. For npmi, from -1 to 1"
    )
    scoring: Literal["default", "npmi"] = Field(
        "default",
        description="default: word2phrase's, by how much more often than by chance; npmi: normalized pointwise mutual "
        "information, kinder to frequent words",
    )
    delimiter: str = Field("_", min_length=1, description="what stands between the words of a phrase")
    common_terms: str | None = Field(
        None,
        min_length=1,
        description="a file of words, one a line, that may stand within a phrase and are no end of one: of, the",
    )

    @model_validator(mode="after")
    def _threshold_suits(self) -> Self:
        if self.scoring == "npmi" and not -1 <= self.threshold <= 1:
            raise ValueError(
                f"phrases.threshold = {self.threshold:g}: expected a number from -1 to 1 for phrases.scoring = npmi. "
                "Set it, for example, to 0.5."
            )
        if self.scoring == "default" and self.threshold <= 0:
            raise ValueError(
                f"phrases.threshold = {self.threshold:g}: expected a number > 0 for phrases.scoring = default. Raise "
                "it."
            )
        return self


class VocabConfig(Section):
    """Tokens to ids, keep probabilities and the noise distribution."""

    min_count: int = Field(5, ge=1, le=2**62, description="words seen less often than this are left out")
    max_final_vocab: int | None = Field(
        None,
        ge=1,
        le=2**31 - 2,
        description="raise min_count until at most this many words are left; words of equal count "
        "go together. Absent: no limit",
    )
    sample: float = Field(
        1e-3,
        ge=0.0,
        le=1.0,
        description="words above about 2.6 times this share of the text are thinned out; 0 never thins",
    )
    ns_exponent: float = Field(
        0.75,
        ge=-2.0,
        le=2.0,
        description="negatives are drawn by count ** ns_exponent: 1 as the text, 0 all alike, below 0 rare ones first",
    )
    keep: str | None = Field(
        None,
        min_length=1,
        description="a file of words, one a line, that stay however rare, where they occur; normalized as the text is",
    )
    drop: str | None = Field(
        None,
        min_length=1,
        description="a file of words, one a line, that are left out; normalized as the text is",
    )
    merge: str | None = Field(
        None,
        min_length=1,
        description="a finished run, or its vocabulary, whose counts are added before rare words are left out",
    )
    from_: str | None = Field(
        None,
        alias="from",
        min_length=1,
        description="a finished run, or its vocabulary, whose words, ids and counts are taken as they are; the corpus "
        "is only looked up in it",
    )
    extend: str | None = Field(
        None,
        min_length=1,
        description="a finished run, or its vocabulary, whose words keep their ids and whose counts are added, also "
        "those of words without an id; words that now reach min_count get the ids after them",
    )
    decay: float = Field(
        1.0,
        gt=0.0,
        le=1.0,
        description="with extend: the earlier counts are multiplied by this, at most six decimals, and rounded down",
    )
    accumulate: bool = Field(
        False,
        description="keep the counts of words without an id too, so that a later vocabulary can extend this one; "
        "extend does in any case",
    )
    rare_lost: bool = Field(
        False,
        description="with extend: take also a vocabulary made without accumulate, whose words without an id are then "
        "counted from this corpus on",
    )

    @field_validator("decay")
    @classmethod
    def _in_millionths(cls, value: float) -> float:
        if round(value * 1_000_000) / 1_000_000 != value:
            raise ValueError(f"vocab.decay = {value!r}: expected at most six decimals. Round it.")
        return value

    @property
    def accumulates(self) -> bool:
        """Whether the counts of words without an id are kept."""
        return self.accumulate or self.extend is not None

    @model_validator(mode="after")
    def _extend_has_no_rival(self) -> Self:
        if self.extend is not None and self.merge is not None:
            raise ValueError(
                "vocab.merge cannot be combined with vocab.extend, which adds the earlier counts too. "
                "Leave out vocab.merge."
            )
        return self

    @model_validator(mode="after")
    def _from_stands_alone(self) -> Self:
        others = {"min_count", "max_final_vocab", "keep", "drop", "merge", "extend", "accumulate"}
        chosen = self.model_fields_set & others
        own = {name for name in chosen if getattr(self, name) != type(self).model_fields[name].default}
        if self.from_ is not None and own:
            keys = ", ".join(f"vocab.{name}" for name in sorted(own))
            raise ValueError(
                f"vocab.from uses a vocabulary unchanged and cannot be combined with {keys}. Leave out {keys}."
            )
        return self


class ShardsConfig(Section):
    """Sentences of ids to shuffled (target, contexts) rows."""

    window: int = Field(
        5, ge=1, le=100, description="words on each side that count as context; wider is more topical"
    )
    target_rows: int = Field(
        2_000_000,
        ge=1_000,
        le=2**31 - 1,
        description="rows a shard aims at; a Spark Python worker takes about 230 MB + 70 bytes a row (window 5)",
    )
    passes: int = Field(
        1,
        ge=1,
        le=100,
        description="times the corpus is subsampled anew and written; epoch e trains on pass e mod passes. More "
        "let rows of frequent words differ from epoch to epoch, and take as many times the disk",
    )
    seed: int = Field(1, ge=0, lt=2**63, description="the subsampling draw and the order of rows")

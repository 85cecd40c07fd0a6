"""What a user can choose: one frozen model a stage, in the order of the flow.

A stage is handed its own model whole; functions and layers take plain values. Names and defaults are
gensim 4's where gensim has the parameter. `conf/default.toml` spells out every default and a test holds
the two equal.
"""

import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from w2v_core.credentials import holds_credentials, is_secret, refuse_in_location, refuse_in_settings
from w2v_core.errors import UserError
from w2v_core.storage import Location, read_location


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    without_effect: ClassVar[frozenset[str]] = frozenset()
    """settings that change how a stage is made and nothing of what it is; no part of its fingerprint"""


class TokenizeConfig(_Section):
    """Raw text to sentences of tokens."""

    without_effect = frozenset({"split_bytes"})

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
    min_n: int = Field(2, ge=1, le=100, description="for char_ngrams: characters of the shortest")
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
        "remove soft hyphens and joiners. Absent: NFKC, but none for whitespace and sentencepiece",
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
        description="a file of words, one a line, as the tokenizer spells them, that are left out",
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
        description="the column of tables and JSON lines: text, or lists of tokens or of ids, which stay as they are",
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
            re.compile(value)
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(
                f"tokenize.{info.field_name} = {value!r} is no pattern of Python's re: {error}"
            ) from None
        return value

    @model_validator(mode="after")
    def _suits_the_tokenizer(self) -> Self:
        if self.per_word and self.tokenizer not in ("mecab_ko", "kiwi"):
            raise ValueError(f"tokenize.per_word is for mecab_ko and kiwi, and not for {self.tokenizer}")
        if (self.tokenizer == "sentencepiece") != (self.model is not None):
            raise ValueError("tokenize.tokenizer = sentencepiece and tokenize.model need each other")
        return self

    @model_validator(mode="after")
    def _some_length(self) -> Self:
        if self.min_n > self.max_n:
            raise ValueError(f"tokenize.min_n must not exceed tokenize.max_n, {self.max_n}")
        if self.max_token_length is not None and self.min_token_length > self.max_token_length:
            raise ValueError(
                f"tokenize.min_token_length must not exceed tokenize.max_token_length, {self.max_token_length}"
            )
        return self


class PhrasesConfig(_Section):
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
                f"phrases.threshold = {self.threshold:g} is for phrases.scoring = default; for npmi give one from -1 "
                "to 1, such as 0.5"
            )
        if self.scoring == "default" and self.threshold <= 0:
            raise ValueError(
                f"phrases.threshold = {self.threshold:g} must be above 0 for phrases.scoring = default"
            )
        return self


class VocabConfig(_Section):
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
        description="a file of words, one a line, that stay however rare, where they occur",
    )
    drop: str | None = Field(None, min_length=1, description="a file of words, one a line, that are left out")
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
            raise ValueError(f"vocab.decay = {value!r} has more than six decimals; round it")
        return value

    @property
    def accumulates(self) -> bool:
        """Whether the counts of words without an id are kept."""
        return self.accumulate or self.extend is not None

    @model_validator(mode="after")
    def _extend_has_no_rival(self) -> Self:
        if self.extend is not None and self.merge is not None:
            raise ValueError("vocab.extend adds the earlier counts itself; leave out vocab.merge")
        return self

    @model_validator(mode="after")
    def _from_stands_alone(self) -> Self:
        others = {"min_count", "max_final_vocab", "keep", "drop", "merge", "extend", "accumulate"}
        chosen = self.model_fields_set & others
        own = {name for name in chosen if getattr(self, name) != type(self).model_fields[name].default}
        if self.from_ is not None and own:
            named = ", ".join(f"vocab.{name}" for name in sorted(own))
            raise ValueError(f"vocab.from takes a vocabulary as it is; leave out {named}")
        return self


class ShardsConfig(_Section):
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


class TrainConfig(_Section):
    """Rows to vectors."""

    without_effect = frozenset({"cache_mb", "checkpoint_minutes"})

    sg: Literal[0, 1] = Field(
        0,
        description="1: skip-gram, the word predicts each context; 0: CBOW, the mean of contexts predicts the word",
    )
    vector_size: int = Field(100, ge=1, le=8192, description="dimensions of a vector")
    epochs: int = Field(5, ge=1, le=1_000_000, description="passes over all rows")
    alpha: float | None = Field(
        None,
        ge=1e-9,
        le=1.0,
        description="learning rate at the first row. Absent: 0.025 for skip-gram, 0.05 for CBOW",
    )
    min_alpha: float = Field(
        0.0001,
        ge=0.0,
        le=1.0,
        description="learning rate after the last row; it falls in a straight line over rows",
    )
    negative: int = Field(5, ge=1, le=100, description="noise words a prediction is told apart from")
    batch_size: int = Field(
        1024,
        ge=16,
        le=16384,
        description="rows whose steps are computed together, in stretches of 16 that follow each other in the text",
    )
    seed: int = Field(
        1, ge=0, lt=2**63, description="initial vectors, row order, window widths and negatives"
    )
    workers: int | None = Field(
        None,
        ge=1,
        le=256,
        description="processes that train at once. Absent: the cores there are. Only 1 is repeatable to the byte",
    )
    buffer_rows: int = Field(
        262_144, ge=1, le=2**27, description="rows that are shuffled together, a multiple of 65,536 or fewer"
    )
    cache_mb: int = Field(
        1024,
        ge=0,
        description="memory of all workers for rows that later epochs need not read again; a million take 9 MB",
    )
    heldout_rows: int = Field(
        10_000, ge=0, le=1_000_000, description="rows that are kept from training for the held-out loss"
    )
    init_vectors: str | None = Field(
        None,
        description="vectors that words known there start from: a finished run or its vectors folder, or a word2vec "
        "file, text or binary",
    )
    init_frozen: bool = Field(
        False, description="whether words that start from init_vectors keep those vectors as they are"
    )
    checkpoint_minutes: float = Field(
        10.0, gt=0.0, description="minutes between checkpoints; there is one after every epoch too"
    )

    @model_validator(mode="after")
    def _falls(self) -> Self:
        if self.min_alpha > self.start_alpha:
            raise ValueError(f"train.min_alpha must not exceed train.alpha, {self.start_alpha}")
        if self.init_frozen and self.init_vectors is None:
            raise ValueError("train.init_frozen needs train.init_vectors, the vectors to keep")
        return self

    @property
    def start_alpha(self) -> float:
        """`alpha`, or word2vec.c's default for the model."""
        if self.alpha is not None:
            return self.alpha
        return 0.025 if self.sg else 0.05

    @property
    def num_workers(self) -> int:
        """`workers`, or the cores that this process may use."""
        if self.workers is not None:
            return self.workers
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1


class EvaluateConfig(_Section):
    """What the vectors are measured against."""

    similarity: tuple[str, ...] = Field(
        (),
        description="files of `word word score` lines (tab, comma or space separated), or wordsim353 or simlex999, "
        "which an installed gensim ships",
    )
    analogies: tuple[str, ...] = Field(
        (),
        description="files of `a b c d` lines under `: section` lines, or questions-words, which gensim ships",
    )
    restrict_vocab: int = Field(
        30_000, ge=1, description="analogies are asked and answered within this many most frequent words"
    )
    case_insensitive: bool = Field(True, description="fold the case of questions and vocabulary")
    resamples: int = Field(
        1000, ge=100, le=100_000, description="times the items are drawn again for a score's 95 % interval"
    )
    seed: int = Field(1, ge=0, lt=2**63, description="of these draws; none depends on another score")
    overlap_words: int = Field(
        10_000,
        ge=2,
        le=1_000_000,
        description="with --against: the most frequent shared words whose nearest neighbours are compared; the time "
        "grows with the square",
    )
    moved_min_count: int = Field(
        50,
        ge=1,
        le=2**62,
        description="with --against: words seen less often in either run neither take part in the alignment nor are "
        "listed as moved",
    )


class EmbedConfig(_Section):
    """Words' vectors to documents' vectors, for what is learned on few labels."""

    weighting: Literal["mean", "counts", "sif"] = Field(
        "counts",
        description="a document's vector is the mean of its known words' vectors. mean: each distinct word once; "
        "counts: as often as it occurs; sif: as counts, each word times sif_a / (sif_a + its share of the text)",
    )
    sif_a: float = Field(
        1e-3, gt=0.0, le=1.0, description="for sif: words above about this share of the corpus weigh little"
    )
    remove_components: int = Field(
        0,
        ge=0,
        le=100,
        description="principal components of all documents that are taken out of each; 1 is the paper's with sif",
    )
    id_column: str | None = Field(
        None,
        min_length=1,
        description="the column of tables and JSON lines with a document's id, text or integers. Absent: documents are "
        "known by their file and row",
    )


class ReportConfig(_Section):
    """What the page about a run shows."""

    words: int = Field(
        20_000,
        ge=1,
        le=65_535,
        description="words on the map, the most frequent ones; a thousand take 70 kB of the page",
    )
    neighbors: int = Field(
        10, ge=1, le=100, description="nearest words that are listed for each word of the map"
    )
    projection: Literal["pca", "umap"] = Field(
        "pca",
        description="how vectors come onto the plane. pca: the directions of largest variance; umap: neighbours near "
        "each other, slower, needs umap-learn",
    )
    seed: int = Field(1, ge=0, lt=2**31, description="for umap: its random choices")


class GateConfig(_Section):
    """What a candidate must pass before it becomes the current version; of a first version only what needs no other."""

    min_scores: dict[str, float] = Field(
        default_factory=dict,
        description='the least score of a set, by the name it is evaluated by, such as "wordsim353" = 0.6',
    )
    max_drop: float | None = Field(
        0.02,
        ge=0.0,
        le=2.0,
        description="how far any set's score may fall below current's; refused where the whole 95 % interval of the "
        "difference is beyond it",
    )
    max_heldout_loss: float | None = Field(None, gt=0.0, description="the most held-out loss, in nats a pair")
    max_loss_rise: float | None = Field(
        0.0,
        description="how far the held-out loss on the new text may rise over what current has on it before training",
    )
    min_known_tokens: float | None = Field(
        0.5,
        ge=0.0,
        le=1.0,
        description="share of the new text's tokens that current has words for; in another language few are",
    )
    max_new_words: float | None = Field(
        1.0, ge=0.0, description="words added, as a share of the words that there were"
    )
    min_neighbor_overlap: float | None = Field(
        None,
        ge=0.0,
        le=1.0,
        description="mean share of a word's ten nearest that current and the candidate agree on: less is drift",
    )


class NightConfig(_Section):
    """Scheduled training: what a night does beside its stages."""

    changed_files: Literal["refuse", "add"] = Field(
        "refuse",
        description="a file that was read before and now holds something else. refuse: stop and say so; add: read it "
        "as new, and what it still has of the old is counted twice",
    )
    reread: bool = Field(
        False,
        description="read every file to tell whether it changed, also where name, size and time are as they were",
    )
    predict: bool = Field(
        True,
        description="plan each night from a sample before it starts, a few seconds, and record what came of it",
    )
    keep_versions: int = Field(
        7,
        ge=2,
        description="versions that stay in the store: the newest, and always current and the one before it",
    )
    align: bool = Field(
        False,
        description="turn the new vectors onto current's (orthogonal Procrustes), so that both can be compared number "
        "by number",
    )
    lease_hours: float = Field(
        12.0,
        gt=0.0,
        le=24.0 * 30,
        description="with --only begin: after so long without its finish another night may begin",
    )


class SparkConfig(_Section):
    """How Spark is started."""

    master: str = Field("local[*]", min_length=1, description="Spark master, when not run by spark-submit")
    conf: dict[str, str] = Field(
        default_factory=dict,
        description='further Spark settings, also under spark-submit, such as "spark.driver.memory" = "4g"',
    )

    @field_validator("conf", mode="before")
    @classmethod
    def _as_spark_spells_them(cls, conf: Any) -> Any:
        """Numbers and booleans as text: `--set spark.conf."spark.sql.shuffle.partitions"=8` is what people write."""
        if not isinstance(conf, dict):
            return conf
        return {
            key: str(value).lower() if isinstance(value, bool | int | float) else value
            for key, value in conf.items()
        }


class Config(_Section):
    """Everything, in the order of the flow. `spark` changes how a stage runs and never what it makes."""

    tokenize: TokenizeConfig = TokenizeConfig()
    phrases: PhrasesConfig = PhrasesConfig()
    vocab: VocabConfig = VocabConfig()
    shards: ShardsConfig = ShardsConfig()
    train: TrainConfig = TrainConfig()
    evaluate: EvaluateConfig = EvaluateConfig()
    embed: EmbedConfig = EmbedConfig()
    report: ReportConfig = ReportConfig()
    gate: GateConfig = GateConfig()
    night: NightConfig = NightConfig()
    spark: SparkConfig = SparkConfig()


def load_config(path: Location | None = None, overrides: Sequence[str] = ()) -> Config:
    """The configuration in `path` (TOML, or .json), then `overrides` ("section.key=value") in order, checked.

    Raises UserError, naming the key, the value and what is allowed; of a secret, which is never allowed, the key.
    """
    path = None if path is None else os.fspath(path)
    settings = {} if path is None else _read_settings(path)
    for override in overrides:
        settings = _merge(settings, _parse_override(override))
    refuse_in_settings(settings)
    try:
        return Config.model_validate(settings)
    except ValidationError as error:
        raise UserError(_explain(error, path)) from None


def _read_settings(path: str) -> dict[str, Any]:
    refuse_in_location(path, "--config")
    kind = "JSON" if path.endswith(".json") else "TOML"
    try:
        text = read_location(path).decode("utf-8-sig")
        settings = json.loads(text) if kind == "JSON" else tomllib.loads(text)
    except OSError as error:
        raise UserError(f"configuration file {path}: {error.strerror or error}; check --config") from None
    except UserError:
        raise
    except (ValueError, RecursionError) as error:  # TOML, JSON, UTF-8, or a path with a NUL
        raise UserError(f"configuration file {path} is not valid {kind}: {error}") from None
    if not isinstance(settings, dict):
        raise UserError(f"configuration file {path} must hold sections, as conf/default.toml does")
    return settings


def _parse_override(override: str) -> dict[str, Any]:
    """One `--set`: the key is a TOML key, the value a TOML value or, failing that, text."""
    key, equals, value = override.partition("=")
    if is_secret(key, value) or holds_credentials(key):
        override = f"{key.partition(':')[0]}=…"
    if not equals or "." not in key or "\n" in override:
        raise UserError(f"--set {override!r} must read section.key=value, for example --set train.epochs=3")
    for candidate in (value, _quote(value)):
        try:
            return tomllib.loads(f"{key.strip()} = {candidate}")
        except tomllib.TOMLDecodeError:
            continue
    raise UserError(f"--set {override!r}: {key!r} is not a key; write section.key=value")


def _quote(value: str) -> str:
    escaped = value.strip().replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _merge(base: Mapping[str, Any], update: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in update.items():
        nested = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if nested else value
    return merged


def _explain(error: ValidationError, path: str | None) -> str:
    """The first fault as one sentence: where, what was given, what is allowed."""
    fault = error.errors()[0]
    key = ".".join(str(part) for part in fault["loc"])
    source = f" (from {path} or --set)" if path else ""
    if fault["type"] == "value_error":  # of a validator of ours, which names its keys
        return f"{fault['ctx']['error']}{source}"
    if fault["type"] == "extra_forbidden":
        return f"unknown key {key}{source}; {_known_keys(fault['loc'])}"
    has_keys = fault["type"] in ("dict_type", "model_type")
    allowed = f"it has keys of its own; give {key}.NAME" if has_keys else fault["msg"].lower()
    return f"{key} = {_shown(fault['input'], has_keys)}{source} is not allowed: {allowed}"


def _shown(value: Any, has_keys: bool) -> str:
    """A value that is refused. What stands where keys should, or has keys where none may, can be a secret."""
    if isinstance(value, dict):
        return "{…}"
    return "…" if has_keys and not isinstance(value, bool | int | float) else repr(value)


def _known_keys(loc: tuple[int | str, ...]) -> str:
    *sections, name = map(str, loc)
    keys_of = {section: _keys(field.annotation) for section, field in Config.model_fields.items()}
    known = keys_of[sections[0]] if sections else list(keys_of)
    elsewhere = [f"{section}.{name}" for section, keys in keys_of.items() if name in keys]
    meant = elsewhere or get_close_matches(name, known, n=1)
    hint = f"did you mean {' or '.join(meant)}? " if meant else ""
    return f"{hint}{f'[{sections[0]}] has' if sections else 'the sections are'} {', '.join(known)}"


def _keys(model: Any) -> list[str]:
    """Of a section, as people write them."""
    return [field.alias or name for name, field in model.model_fields.items()]

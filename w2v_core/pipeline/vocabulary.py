"""The vocab stage: exact counts, ids, keep probabilities and the noise distribution."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from w2v_core.config import Config, TokenizeConfig, VocabConfig
from w2v_core.errors import UserError
from w2v_core.executors.base import Batches, Executor, RowsOfParts, Source
from w2v_core.io.filesystem import Folder
from w2v_core.io.word_list import read_word_list
from w2v_core.pipeline.stage import StageResult, make_stage
from w2v_core.pipeline.word_lists import warn_of_absent, warn_of_impossible
from w2v_core.runs.manifest import Manifest
from w2v_core.runs.run_directory import RunDir
from w2v_core.runs.sentence_files import SentenceStage
from w2v_core.runs.stage_writer import StageWriter
from w2v_core.runs.task_output import TaskResult, total_account
from w2v_core.runs.token_account import TokenAccount, require_equal
from w2v_core.tokenization.normalize import Rules
from w2v_core.tokenization.recorded_rules import recorded_settings, require_same_settings
from w2v_core.tokenization.tokenizers import spelling
from w2v_core.tokenization.word_forms import given_and_normalized, normalized_words
from w2v_core.vocabulary.base_vocabulary import BaseVocabulary, rare_counts
from w2v_core.vocabulary.hash_partition import BUCKETS, BUCKETS_A_TASK, partition_by_hash
from w2v_core.vocabulary.vocabulary import (
    Vocabulary,
    build_vocab,
    cached_vocabulary,
    commit_rare,
    digest_of,
    read_earlier,
    room_for_others,
    vocab_of,
    write_vocab,
)
from w2v_core.vocabulary.word_counts import (
    COUNTS,
    SUMS,
    Choice,
    Counted,
    count_tokens,
    joined,
    num_count_tasks,
    sum_buckets,
)
from w2v_core.vocabulary.word_index import Lookup

_AS_GIVEN = Rules()


@dataclass(frozen=True)
class VocabularyInputs:
    """The word lists and vocabularies that the settings name."""

    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """the words of keep and drop, as given"""
    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    """in the spelling of the corpus"""
    merge: pa.Table | None = None
    from_: pa.Table | None = None
    extend: BaseVocabulary | None = None
    folders: Mapping[str, Folder] = field(default_factory=dict)
    """of the vocabularies, by the setting and location that name them"""

    @classmethod
    def read(
        cls, config: VocabConfig, rules: Rules = _AS_GIVEN, has_lists: bool = False
    ) -> "VocabularyInputs":
        """Read them. Raises UserError for a file that cannot be read, and for a word that is both kept and dropped.

        rules: of the corpus; has_lists: whether lists of tokens are in it, to which `rules` were not applied.
        """
        lists = {
            name: read_word_list(location, f"vocab.{name}")
            for name, location in (("keep", config.keep), ("drop", config.drop))
            if location is not None
        }
        keep, drop = (
            given_and_normalized(lists.get("keep", ()), rules),
            lists.get("drop", ()) if has_lists else normalized_words(lists.get("drop", ()), rules),
        )
        if both := sorted(set(keep) & set(drop)):
            raise UserError(
                f"vocab.keep = {config.keep} and vocab.drop = {config.drop} both hold {both[0]!r}"
            )
        earlier = {
            name: read_earlier(location, f"vocab.{name}")
            for name, location in (("merge", config.merge), ("from", config.from_))
            if location is not None
        }
        folders = {
            f"vocab.{name} = {config.merge if name == 'merge' else config.from_}": folder
            for name, (folder, _) in earlier.items()
        }
        merge, from_ = (earlier[name][1] if name in earlier else None for name in ("merge", "from"))
        extend = None if config.extend is None else BaseVocabulary.read(config.extend, config.rare_lost)
        if extend is not None and drop:
            is_known = Lookup.of(extend.table["token"].combine_chunks()).ids(pa.array(drop)) >= 0
            if is_known.any():
                raise UserError(
                    f"vocab.drop = {config.drop} holds {drop[int(is_known.argmax())]!r}, which has an id in "
                    f"vocab.extend = {config.extend} and keeps it; take it off the list, or start a vocabulary "
                    "without vocab.extend"
                )
        if extend is not None:
            folders[f"vocab.extend = {config.extend}"] = extend.folder
        return cls(lists, keep, drop, merge, from_, extend, folders)

    def require_same_settings(self, config: TokenizeConfig) -> None:
        """Raise UserError where a vocabulary was made with tokenizer settings that differ from `config`."""
        for key, folder in self.folders.items():
            require_same_settings(key, recorded_settings(folder), config)

    def identity(self) -> dict[str, object]:
        """Return what identifies these lists and vocabularies for a fingerprint; empty if none is given."""
        tables = {"merge": self.merge, "from": self.from_}
        identity: dict[str, object] = {name: list(words) for name, words in self.lists.items()}
        identity |= {name: digest_of(table) for name, table in tables.items() if table is not None}
        return identity if self.extend is None else identity | {"extend": self.extend.identity()}


def make_vocab(run: RunDir, config: Config, executor: Executor) -> Manifest:
    """Write the vocab stage."""
    sentences = SentenceStage.of(run, phrases_wanted=config.phrases.passes > 0)
    tokens = run.require("tokens")
    settings, has_lists = (
        TokenizeConfig.model_validate(tokens.config),
        tokens.counters.get("token_lists", 0) > 0,
    )
    given = VocabularyInputs.read(config.vocab, spelling(settings), has_lists)
    if not has_lists:
        given.require_same_settings(settings)
        _warn_of_impossible(config.vocab, given, settings, sentences)
    if given.extend is not None and given.extend.folder.path.rstrip("/") == run.stage("vocab").path:
        raise UserError(
            f"vocab.extend = {config.vocab.extend} is the vocabulary that this stage writes; give this corpus another "
            "run directory"
        )
    inputs = {sentences.name: sentences.manifest.fingerprint} | given.identity()

    def build(stage_writer: StageWriter) -> StageResult:
        if given.from_ is not None:
            return _reuse_vocabulary(
                stage_writer, run.stage("vocab"), sentences, config, given.from_, executor
            )
        return _build(stage_writer, sentences, config, given, executor, spelling(settings))

    return make_stage(run, "vocab", config.vocab, inputs, build, lambda: executor.start(run.name))


def _warn_of_impossible(
    config: VocabConfig, given: VocabularyInputs, settings: TokenizeConfig, sentences: SentenceStage
) -> None:
    delimiter = sentences.manifest.config["delimiter"] if sentences.name == "phrases" else None
    for name, words in given.lists.items():
        warn_of_impossible(f"vocab.{name} = {getattr(config, name)}", words, settings, delimiter)


def _build(
    stage_writer: StageWriter,
    sentences: SentenceStage,
    config: Config,
    given: VocabularyInputs,
    executor: Executor,
    rules: Rules,
) -> StageResult:
    """Write a vocabulary of the words of this corpus and, if it extends one, of an earlier vocabulary."""
    counted = _count(stage_writer, sentences, config, given, executor)
    require_equal("tokens read by vocab", counted.tokens, sentences.num_tokens)
    table = build_vocab(counted, config.vocab, given.keep)
    has_id = pc.is_in(counted.counts["token"], value_set=table["token"])
    kept = pc.sum(counted.counts.filter(has_id)["seen"]).as_py() or 0
    account = TokenAccount(read=counted.tokens, kept=kept, out_of_vocabulary=counted.tokens - kept)
    counters = {"distinct_words": counted.words, "words": len(table), "dropped_words": counted.dropped}
    if "keep" in given.lists:
        counters["keep_words_absent"] = warn_of_absent(
            f"vocab.keep = {config.vocab.keep}", given.lists["keep"], rules, table["token"]
        )
    files = write_vocab(stage_writer, table)
    if config.vocab.accumulates:
        rare = commit_rare(stage_writer, counted, counted.counts.filter(pc.invert(has_id)))
        counters["rare_words"] = sum(entry.rows or 0 for entry in rare)
        require_equal("words of all tasks", len(table) + counters["rare_words"], counted.words)
        files += rare
    if given.extend is not None:
        counters |= _growth(counted, table, given.extend, config.vocab.min_count)
    return StageResult(files, account, counters)


def _growth(counted: Counted, table: pa.Table, earlier: BaseVocabulary, min_count: int) -> dict[str, int]:
    """Return counters that compare this corpus with the vocabulary that it extends."""
    known = counted.counts.filter(pc.greater(counted.counts["known"], 0))
    return {
        "words_known_before": len(earlier),
        "new_words": len(table) - len(earlier),
        "fallen_words": int(pc.sum(pc.less(known["count"], min_count)).as_py() or 0),
        "corpus_words": counted.seen,
        "corpus_words_first_seen": counted.first_seen,
        "corpus_words_known_before": int(pc.sum(pc.greater(known["seen"], 0)).as_py() or 0),
        "tokens_known_before": pc.sum(known["seen"]).as_py() or 0,
        "rare_lost": earlier.times_lost,
    }


def _count(
    stage_writer: StageWriter,
    sentences: SentenceStage,
    config: Config,
    given: VocabularyInputs,
    executor: Executor,
) -> Counted:
    """Return the words that can be kept, and sums over all words."""
    options, earlier = config.vocab, given.extend
    num_known, num_rare = (0, 0) if earlier is None else (len(earlier), earlier.num_rare)
    num_tasks = num_count_tasks(sentences.num_tokens, num_known + num_rare)
    most = room_for_others(options.max_final_vocab, num_known)
    choice = Choice(options.min_count, most, given.keep, given.drop)
    rare_folder = stage_writer.temporary if options.accumulates else None
    num_buckets = num_tasks * BUCKETS_A_TASK
    count = partial(_count_part, sentences, num_buckets)
    sources: list[Source] = [RowsOfParts(len(sentences.parts), count, BUCKETS)]
    if given.merge is not None:
        sources.append(_brought_along(given.merge, num_buckets))
    if earlier is not None:
        sources.append(partition_by_hash(earlier.counts(options.decay), num_buckets))
    if earlier is not None and earlier.rare:
        read = partial(
            _read_rare, earlier.folder, tuple(e.name for e in earlier.rare), options.decay, num_buckets
        )
        sources.append(RowsOfParts(len(earlier.rare), read, BUCKETS))
    add_up = partial(_sum_part, choice, rare_folder)
    sums = executor.shuffled("vocab: counting words", sources, "bucket", num_tasks, add_up, SUMS)
    return joined(sums)


def _count_part(sentences: SentenceStage, num_buckets: int, part: int) -> Iterator[pa.RecordBatch]:
    counted = count_tokens(sentences.folder, sentences.parts[part], sentences.weighted)
    yield partition_by_hash(counted, num_buckets)


def _read_rare(
    folder: Folder, names: Sequence[str], decay: float, num_buckets: int, file: int
) -> Iterator[pa.RecordBatch]:
    """Return BUCKETS of one file of earlier words without an id."""
    for counts in rare_counts(folder, names[file], decay):
        yield partition_by_hash(counts, num_buckets)


def _sum_part(
    choice: Choice, rare_folder: Folder | None, rows: Batches, part: int
) -> Iterator[pa.RecordBatch]:
    return sum_buckets(rows, choice, rare_folder, part)


def _brought_along(merge: pa.Table, num_buckets: int) -> pa.RecordBatch:
    """Return BUCKETS of an earlier vocabulary, with no occurrence in this corpus."""
    nothing = pa.array([0] * len(merge), pa.int64())
    columns = [merge["token"], merge["count"], nothing, nothing]
    return partition_by_hash(pa.table(columns, schema=COUNTS), num_buckets)


def _reuse_vocabulary(
    stage_writer: StageWriter,
    vocab_folder: Folder,
    sentences: SentenceStage,
    config: Config,
    earlier: pa.Table,
    executor: Executor,
) -> StageResult:
    """Write the earlier vocabulary unchanged, and count how many tokens of the corpus it has."""
    table = vocab_of(earlier["token"].combine_chunks(), earlier["count"].to_numpy(), config.vocab)
    files, digest = write_vocab(stage_writer, table), digest_of(earlier)
    look_up = partial(_look_up, sentences, vocab_folder, digest)
    task_results = executor.run_parts("vocab: looking words up", len(sentences.parts), look_up)
    return StageResult(files, total_account(task_results), {"words": len(table)})


def _look_up(sentences: SentenceStage, vocab_folder: Folder, digest: str, part: int) -> TaskResult:
    counted = count_tokens(sentences.folder, sentences.parts[part], sentences.weighted)
    known = counted.filter(_is_known(counted, cached_vocabulary(vocab_folder, digest)))
    read, kept = (pc.sum(table["seen"]).as_py() or 0 for table in (counted, known))
    return TaskResult(part=part, tokens=TokenAccount(read=read, kept=kept, out_of_vocabulary=read - kept))


def _is_known(counted: pa.Table, vocabulary: Vocabulary) -> pa.BooleanArray:
    return pa.array(vocabulary.ids(counted["token"].combine_chunks()) >= 0)

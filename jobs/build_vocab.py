"""Tokens to the vocabulary: exact counts, ids, keep probabilities and the noise distribution."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from jobs import _spark
from jobs._one_writer import writing
from jobs._options import ConfigOption, RunDirOption, SetOption, run_script, say
from jobs._stage import Made, make_stage
from jobs._word_lists import warn_of_impossible
from w2v_core.accounting import TokenAccount
from w2v_core.buckets import BUCKETS, BUCKETS_A_TASK, in_buckets
from w2v_core.config import Config, TokenizeConfig, VocabConfig, load_config
from w2v_core.counts import (
    COUNTS,
    SUMS,
    Choice,
    Counted,
    count_tokens,
    joined,
    num_count_tasks,
    sum_buckets,
)
from w2v_core.errors import UserError
from w2v_core.known_words import KnownWords, rare_counts
from w2v_core.lookup import Lookup
from w2v_core.parts import Receipt, total_account
from w2v_core.run_dir import Draft, Manifest, RunDir
from w2v_core.storage import Folder
from w2v_core.text.normalize import Rules
from w2v_core.text.tokenizers import spelling
from w2v_core.text.word_forms import given_and_normalized, listed, normalized_words
from w2v_core.token_files import SentenceStage
from w2v_core.vocab import (
    Vocabulary,
    adopt_rare,
    build_vocab,
    cached_vocabulary,
    digest_of,
    earlier_vocab,
    room_for_others,
    vocab_of,
    write_vocab,
)
from w2v_core.word_list import read_word_list


def vocab(run_dir: RunDirOption, config: ConfigOption = None, set_: SetOption = None) -> None:
    """Count the tokens, on Spark, and give the frequent ones ids."""
    settings = load_config(config, set_ or ())
    with writing(RunDir.open(run_dir), "w2v vocab") as run:
        make_vocab(run, settings)


_AS_GIVEN = Rules()


@dataclass(frozen=True)
class Named:
    """What the settings name by a location, read."""

    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """the words of keep and drop, as given"""
    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    """in the spelling of the corpus"""
    merge: pa.Table | None = None
    from_: pa.Table | None = None
    extend: KnownWords | None = None

    @classmethod
    def read(cls, config: VocabConfig, rules: Rules = _AS_GIVEN, has_lists: bool = False) -> "Named":
        """Read them. UserError for what cannot be read, and for a word that is to stay and to go.

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
        merge, from_ = (
            None if location is None else earlier_vocab(location, f"vocab.{name}")
            for name, location in (("merge", config.merge), ("from", config.from_))
        )
        extend = None if config.extend is None else KnownWords.read(config.extend, config.rare_lost)
        if extend is not None and drop:
            known_N = Lookup.of(extend.table["token"].combine_chunks()).ids(pa.array(drop)) >= 0
            if known_N.any():
                raise UserError(
                    f"vocab.drop = {config.drop} holds {drop[int(known_N.argmax())]!r}, which has an id in "
                    f"vocab.extend = {config.extend} and keeps it; take it off the list, or start a vocabulary without "
                    "vocab.extend"
                )
        return cls(lists, keep, drop, merge, from_, extend)

    def identity(self) -> dict[str, object]:
        """What tells this from other lists and vocabularies; empty where nothing is named."""
        tables = {"merge": self.merge, "from": self.from_}
        named: dict[str, object] = {name: list(words) for name, words in self.lists.items()}
        named |= {name: digest_of(table) for name, table in tables.items() if table is not None}
        return named if self.extend is None else named | {"extend": self.extend.identity()}


def make_vocab(run: RunDir, config: Config) -> Manifest:
    """The vocab stage."""
    sentences = SentenceStage.of(run, phrases_wanted=config.phrases.passes > 0)
    tokens = run.require("tokens")
    settings, has_lists = (
        TokenizeConfig.model_validate(tokens.config),
        tokens.counters.get("token_lists", 0) > 0,
    )
    named = Named.read(config.vocab, spelling(settings), has_lists)
    if not has_lists:
        _warn_of_impossible(config.vocab, named, settings, sentences)
    if named.extend is not None and named.extend.folder.path.rstrip("/") == run.stage("vocab").path:
        raise UserError(
            f"vocab.extend = {config.vocab.extend} is the vocabulary that this stage writes; give this corpus another "
            "run directory"
        )
    inputs = {sentences.name: sentences.manifest.fingerprint} | named.identity()

    def build(draft: Draft) -> Made:
        if named.from_ is not None:
            return _adopt(draft, run.stage("vocab"), sentences, config, named.from_)
        return _build(draft, sentences, config, named, spelling(settings))

    return make_stage(
        run, "vocab", config.vocab, inputs, build, lambda: _spark.session(config.spark, run.name)
    )


def _warn_of_impossible(
    config: VocabConfig, named: Named, settings: TokenizeConfig, sentences: SentenceStage
) -> None:
    delimiter = sentences.manifest.config["delimiter"] if sentences.name == "phrases" else None
    for name, words in named.lists.items():
        warn_of_impossible(f"vocab.{name} = {getattr(config, name)}", words, settings, delimiter)


def _num_absent(named: Named, table: pa.Table, config: VocabConfig, rules: Rules) -> int:
    """How many words of vocab.keep occur nowhere. Logs the first."""
    given = named.lists["keep"]
    found = set(table["token"].filter(pc.is_in(table["token"], value_set=pa.array(named.keep))).to_pylist())
    absent = [word for word in given if word not in found and rules.apply(word) not in found]
    if absent:
        say(
            f"vocab.keep = {config.keep}: {len(absent):,} of {len(given):,} words do not occur in the corpus and get "
            f"no vector: {listed(absent)}. Check their spelling.",
            "words_absent",
            "warning",
            key="vocab.keep",
            words=len(absent),
        )
    return len(absent)


def _build(draft: Draft, sentences: SentenceStage, config: Config, named: Named, rules: Rules) -> Made:
    """A vocabulary of the words that this corpus, and perhaps an earlier one, has."""
    counted = _count(draft, sentences, config, named)
    assert counted.tokens == sentences.num_tokens, "tokens were lost or counted twice between the stages"
    table = build_vocab(counted, config.vocab, named.keep)
    has_id = pc.is_in(counted.counts["token"], value_set=table["token"])
    kept = pc.sum(counted.counts.filter(has_id)["seen"]).as_py() or 0
    account = TokenAccount(read=counted.tokens, kept=kept, out_of_vocabulary=counted.tokens - kept)
    counters = {"distinct_words": counted.words, "words": len(table), "dropped_words": counted.dropped}
    if "keep" in named.lists:
        counters["keep_words_absent"] = _num_absent(named, table, config.vocab, rules)
    files = write_vocab(draft, table)
    if config.vocab.accumulates:
        rare = adopt_rare(draft, counted, counted.counts.filter(pc.invert(has_id)))
        counters["rare_words"] = sum(entry.rows or 0 for entry in rare)
        assert len(table) + counters["rare_words"] == counted.words, "words were lost between the tasks"
        files += rare
    if named.extend is not None:
        counters |= _growth(counted, table, named.extend, config.vocab.min_count)
    return Made(files, account, counters)


def _growth(counted: Counted, table: pa.Table, earlier: KnownWords, min_count: int) -> dict[str, int]:
    """How this corpus stands to the vocabulary that it extends."""
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


def _count(draft: Draft, sentences: SentenceStage, config: Config, named: Named) -> Counted:
    """The words that can be kept, and sums over all words."""
    names, folder, weighted = sentences.parts, sentences.folder, sentences.weighted
    options, earlier = config.vocab, named.extend
    num_known, num_rare = (0, 0) if earlier is None else (len(earlier), earlier.num_rare)
    num_tasks = num_count_tasks(sentences.num_tokens, num_known + num_rare)
    most = room_for_others(options.max_final_vocab, num_known)
    choice = Choice(options.min_count, most, named.keep, named.drop)
    rare_folder = draft.temporary if options.accumulates else None
    spark = _spark.session(config.spark)

    def count(part: int) -> Iterator[pa.RecordBatch]:
        yield in_buckets(count_tokens(folder, names[part], weighted), num_tasks * BUCKETS_A_TASK)

    partial = _spark.rows_of_parts(spark, len(names), count, BUCKETS)
    if named.merge is not None:
        partial = partial.union(_spark.frame_of(spark, _brought_along(named.merge, num_tasks), BUCKETS))
    if earlier is not None:
        known = in_buckets(earlier.counts(options.decay), num_tasks * BUCKETS_A_TASK)
        partial = partial.union(_spark.frame_of(spark, known, BUCKETS))
    if earlier is not None and earlier.rare:
        read = _reader_of_rare(earlier, options.decay, num_tasks)
        partial = partial.union(_spark.rows_of_parts(spark, len(earlier.rare), read, BUCKETS))
    sums = _spark.shuffled(
        "vocab: counting words",
        partial,
        "bucket",
        num_tasks,
        lambda rows, part: sum_buckets(rows, choice, rare_folder, part),
        SUMS,
    )
    return joined(sums)


def _reader_of_rare(
    earlier: KnownWords, decay: float, num_tasks: int
) -> Callable[[int], Iterator[pa.RecordBatch]]:
    """A task for each file of the earlier words without an id: BUCKETS of them. It carries no table along."""
    folder, names = earlier.folder, [entry.name for entry in earlier.rare]

    def read(file: int) -> Iterator[pa.RecordBatch]:
        for counts in rare_counts(folder, names[file], decay):
            yield in_buckets(counts, num_tasks * BUCKETS_A_TASK)

    return read


def _brought_along(merge: pa.Table, num_tasks: int) -> pa.RecordBatch:
    """BUCKETS of an earlier vocabulary, of which nothing was seen in this corpus."""
    nothing = pa.array([0] * len(merge), pa.int64())
    columns = [merge["token"], merge["count"], nothing, nothing]
    return in_buckets(pa.table(columns, schema=COUNTS), num_tasks * BUCKETS_A_TASK)


def _adopt(
    draft: Draft, vocab_folder: Folder, sentences: SentenceStage, config: Config, earlier: pa.Table
) -> Made:
    """The earlier vocabulary as it is; the corpus is looked up in it, for its account."""
    table = vocab_of(earlier["token"].combine_chunks(), earlier["count"].to_numpy(), config.vocab)
    files, digest = write_vocab(draft, table), digest_of(earlier)
    names, folder, weighted = sentences.parts, sentences.folder, sentences.weighted

    def look_up(part: int) -> Receipt:
        counted = count_tokens(folder, names[part], weighted)
        known = counted.filter(_is_known(counted, cached_vocabulary(vocab_folder, digest)))
        read, kept = (pc.sum(some["seen"]).as_py() or 0 for some in (counted, known))
        return Receipt(part=part, tokens=TokenAccount(read=read, kept=kept, out_of_vocabulary=read - kept))

    spark = _spark.session(config.spark)
    receipts = _spark.run_parts("vocab: looking words up", spark, len(names), look_up)
    return Made(files, total_account(receipts), {"words": len(table)})


def _is_known(counted: pa.Table, vocabulary: Vocabulary) -> pa.BooleanArray:
    return pa.array(vocabulary.ids(counted["token"].combine_chunks()) >= 0)


if __name__ == "__main__":
    run_script(vocab)

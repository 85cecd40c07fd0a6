"""Sentences to shuffled (target, contexts) rows."""

from collections.abc import Iterable, Iterator
from functools import partial

import pyarrow as pa

from jobs import _spark
from jobs._one_writer import writing
from jobs._options import ConfigOption, RunDirOption, SetOption, run_script
from jobs._stage import Made, make_stage
from w2v_core import schemas
from w2v_core.accounting import TokenAccount
from w2v_core.config import Config, load_config
from w2v_core.errors import UserError
from w2v_core.parts import Receipt, adopt_parts, total_account
from w2v_core.run_dir import Draft, Manifest, RunDir
from w2v_core.shards.digest import joined_digest
from w2v_core.shards.encode import encode_sentences
from w2v_core.shards.write import ROW_GROUP_ROWS, num_shards, write_shard
from w2v_core.storage import Folder
from w2v_core.token_files import SentenceStage
from w2v_core.vocab import cached_vocabulary


def shards(run_dir: RunDirOption, config: ConfigOption = None, set_: SetOption = None) -> None:
    """Subsample, window and shuffle the sentences into training rows, on Spark."""
    settings = load_config(config, set_ or ())
    with writing(RunDir.open(run_dir), "w2v shards") as run:
        make_shards(run, settings)


def make_shards(run: RunDir, config: Config) -> Manifest:
    """The shards stage."""
    sentences = SentenceStage.of(run, phrases_wanted=config.phrases.passes > 0)
    vocab = run.require("vocab")
    inputs = {sentences.name: sentences.manifest.fingerprint, "vocab": vocab.fingerprint}
    return make_stage(
        run,
        "shards",
        config.shards,
        inputs,
        lambda draft: _build(draft, run.stage("vocab"), sentences, vocab, config),
        lambda: _spark.session(config.spark, run.name),
    )


def _build(
    draft: Draft, vocab_folder: Folder, sentences: SentenceStage, vocab: Manifest, config: Config
) -> Made:
    token_folder, folder, options = sentences.folder, draft.temporary, config.shards
    names, weighted = sentences.parts, sentences.weighted
    read_vocabulary = partial(cached_vocabulary, vocab_folder, vocab.fingerprint)
    expected = read_vocabulary()
    assert vocab.tokens is not None
    num_parts = num_shards(expected.counts, expected.keep_probability, vocab.tokens.kept, options.target_rows)

    def encode(part: int) -> Iterator[pa.RecordBatch]:
        return encode_sentences(token_folder, names[part], read_vocabulary(), options.seed, weighted)

    def write(encoded: Iterable[pa.RecordBatch], part: int) -> Iterator[Receipt]:
        return write_shard(encoded, read_vocabulary().keep_probability, options, folder, part, weighted)

    spark = _spark.session(config.spark)
    encoded = _spark.rows_of_parts(spark, len(names), encode, schemas.encoded(weighted))
    receipts = _spark.run_shuffled("shards: shuffling and writing rows", encoded, "key", num_parts, write)
    account = total_account(receipts)
    assert account.read == options.passes * sentences.num_tokens, (
        "tokens were lost or counted twice between the stages"
    )
    assert account.out_of_vocabulary == options.passes * vocab.tokens.out_of_vocabulary, (
        "unknown words were counted otherwise before"
    )
    if account.kept == 0:
        fix = _fix_for_no_row(account, sentences, vocab)
        raise UserError(f"no word is left with a context ({account}); {fix}")
    files = adopt_parts(draft, receipts, num_parts, options.passes)
    return Made(
        files,
        account,
        {"shards": len(files) // options.passes, "row_group_rows": ROW_GROUP_ROWS, "weighted": int(weighted)},
        f"{joined_digest(*(receipt.digest for receipt in receipts)):016x}",
    )


def _fix_for_no_row(account: TokenAccount, sentences: SentenceStage, vocab: Manifest) -> str:
    """Why no word has a neighbour, and what to change."""
    if sentences.num_sentences == sentences.num_tokens:
        return "every sentence has one token only, so no token has a neighbour; give sentences of two tokens or more"
    if account.out_of_vocabulary > account.subsampled and vocab.config["min_count"] > 1:
        return f"most words are not in the vocabulary; lower vocab.min_count = {vocab.config['min_count']}"
    if account.subsampled:
        return f"frequent words are subsampled; raise vocab.sample = {vocab.config['sample']}, or set it to 0"
    return "no sentence has two words of the vocabulary side by side; give more text"


if __name__ == "__main__":
    run_script(shards)

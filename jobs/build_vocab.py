"""Tokens to the vocabulary: exact counts, ids, keep probabilities and the noise distribution."""

import pyarrow as pa

from jobs import _spark
from jobs._options import ConfigOption, RunDirOption, SetOption, run_script
from jobs._stage import Made, make_stage
from w2v_core.accounting import TokenAccount
from w2v_core.config import Config, load_config
from w2v_core.parts import write_file
from w2v_core.run_dir import Draft, Manifest, RunDir
from w2v_core.token_files import is_weighted
from w2v_core.vocab import COUNTS, FILE, build_vocab, count_tokens


def vocab(run_dir: RunDirOption, config: ConfigOption = None, set_: SetOption = None) -> None:
    """Count the tokens, on Spark, and give the frequent ones ids."""
    settings = load_config(config, set_ or ())
    make_vocab(RunDir.open(run_dir), settings)


def make_vocab(run: RunDir, config: Config) -> Manifest:
    """The vocab stage."""
    tokens = run.require("tokens")
    inputs = {"tokens": tokens.fingerprint}
    return make_stage(
        run,
        "vocab",
        config.vocab,
        inputs,
        lambda draft: _build(draft, run, tokens, config),
        lambda: _spark.session(config.spark, run.name),
    )


def _build(draft: Draft, run: RunDir, tokens: Manifest, config: Config) -> Made:
    counted, every = _count(run, tokens, config)
    table = build_vocab(counted, config.vocab, every["highest_count"])
    kept = int(table["count"].to_numpy().sum())
    account = TokenAccount(read=every["tokens"], kept=kept, out_of_vocabulary=every["tokens"] - kept)
    assert tokens.tokens is not None
    assert every["tokens"] == tokens.tokens.kept, "tokens were lost or counted twice between the stages"
    counters = {"distinct_words": every["words"], "words": table.num_rows}
    return Made([write_file(draft, FILE, table)], account, counters)


def _count(run: RunDir, tokens: Manifest, config: Config) -> tuple[pa.Table, dict[str, int]]:
    """COUNTS of the words that can be kept, and sums over all words."""
    names, folder = [file.name for file in tokens.files], run.stage("tokens")
    weighted = is_weighted(tokens)
    spark = _spark.session(config.spark)
    partial = _spark.rows_of_parts(
        spark, len(names), lambda part: count_tokens(folder, names[part], weighted), COUNTS
    )
    counted, every = _spark.sum_counts(
        "vocab: counting words", partial, config.vocab.min_count, config.vocab.max_final_vocab
    )
    return counted.cast(COUNTS), every


if __name__ == "__main__":
    run_script(vocab)

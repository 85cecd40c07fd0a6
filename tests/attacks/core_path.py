"""Files to shards through the stages: what a corpus comes to, or why not."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from w2v_core.config import Config, ShardsConfig, TokenizeConfig, VocabConfig
from w2v_core.errors import UserError
from w2v_core.executors.base import Executor
from w2v_core.pipeline.shards import make_shards
from w2v_core.pipeline.tokenize import tokenize_corpus
from w2v_core.pipeline.vocabulary import make_vocab
from w2v_core.readers.splits import find_files
from w2v_core.runs.run_directory import RunDir
from w2v_core.runs.token_account import TokenAccount
from w2v_core.vocabulary.vocabulary import Vocabulary

ONE_SPLIT = 1 << 40


@dataclass(frozen=True)
class Tokenized:
    """What the first stage makes of a corpus."""

    run: RunDir
    sentences: pa.Table
    account: TokenAccount
    counters: dict[str, int]
    files: tuple[str, ...]


def tokenized(
    executor: Executor,
    locations: list[str],
    settings: dict[str, Any],
    out: Path,
    split_bytes: int = ONE_SPLIT,
) -> Tokenized | str:
    """The sentences of all files, or the message of the UserError. A new run in `out`."""
    try:
        config = Config(tokenize=TokenizeConfig(**settings, split_bytes=split_bytes))
        files = find_files(locations, config.tokenize.format)
        run = RunDir.create(str(out / uuid4().hex))
        manifest = tokenize_corpus(run, files, config, executor)
    except UserError as error:
        return str(error)
    parts = [Path(run.folder.path) / "tokens" / entry.name for entry in manifest.files]
    schema = pa.schema([pa.field("tokens", pa.list_(pa.string()))])
    tables = [pq.read_table(part, columns=["tokens"], use_threads=False).cast(schema) for part in parts]
    counters = {name: count for name, count in manifest.counters.items() if name != "files"}
    return Tokenized(
        run, pa.concat_tables(tables), manifest.account(), counters, tuple(f.path for f in files)
    )


@dataclass(frozen=True)
class Sharded:
    """What the second and third stages make of it."""

    words: pa.Table
    account: TokenAccount
    digest: str


def sharded(executor: Executor, given: Tokenized, sample: float = 0.05) -> Sharded | str:
    """The vocabulary of words seen once or more, and rows of shards, or the message of the UserError."""
    config = Config(
        vocab=VocabConfig(min_count=1, sample=sample), shards=ShardsConfig(window=2, target_rows=1_000)
    )
    try:
        make_vocab(given.run, config, executor)
        manifest = make_shards(given.run, config, executor)
    except UserError as error:
        return str(error)
    return Sharded(Vocabulary.read(given.run.stage("vocab")).table, manifest.account(), manifest.digest)

"""Files to shards by the functions that Spark's tasks call, in one process: what a corpus comes to, or why not."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from w2v_core.config import ShardsConfig, TokenizeConfig, VocabConfig
from w2v_core.errors import UserError
from w2v_core.io.filesystem import Folder, open_folder
from w2v_core.readers.splits import find_files, plan_splits
from w2v_core.runs.task_output import TaskResult, total_account
from w2v_core.runs.token_account import TokenAccount
from w2v_core.shards.encode import encode_sentences
from w2v_core.shards.write import write_shard
from w2v_core.tokenization.task import tokenize_part
from w2v_core.tokenization.tokenizer_resources import TokenizerResources
from w2v_core.vocabulary.hash_partition import partition_by_hash
from w2v_core.vocabulary.vocabulary import Vocabulary, build_vocab
from w2v_core.vocabulary.word_counts import Choice, count_tokens, joined, sum_buckets

WHOLE = 1 << 40


@dataclass(frozen=True)
class Tokenized:
    """What the first stage makes of a corpus."""

    sentences: pa.Table
    account: TokenAccount
    counters: dict[str, int]
    files: tuple[str, ...]
    parts: tuple[str, ...]


def tokenized(
    locations: list[str], settings: dict[str, Any], out: Path, split_bytes: int = WHOLE
) -> Tokenized | str:
    """The sentences of all files, or the message of the UserError."""
    folder = open_folder(str(out))
    try:
        config = TokenizeConfig(**settings)
        files = find_files(locations, config.format)
        tasks = plan_splits(files, split_bytes)
        task_results = [
            tokenize_part(task, config, TokenizerResources(), folder, n) for n, task in enumerate(tasks)
        ]
    except UserError as error:
        return str(error)
    parts = tuple(task_result.temporary_name for task_result in task_results)
    tables = [pq.read_table(out / name, use_threads=False) for name in parts]
    counters: Counter[str] = Counter()
    for task_result in task_results:
        counters.update(task_result.counters)
    schema = pa.schema([pa.field("tokens", pa.list_(pa.string()))])
    sentences = pa.concat_tables([schema.empty_table(), *(table.cast(schema) for table in tables)])
    return Tokenized(sentences, total_account(task_results), counters, tuple(f.path for f in files), parts)


@dataclass(frozen=True)
class Sharded:
    """What the second and third stages make of it."""

    words: pa.Table
    account: TokenAccount
    digests: tuple[int, ...]


def sharded(given: Tokenized, out: Path, tasks: int = 2) -> Sharded:
    """The vocabulary of words seen once or more, and rows in one shard."""
    folder = open_folder(str(out))
    buckets = [partition_by_hash(count_tokens(folder, name), 16 * tasks) for name in given.parts]
    sums = sum_buckets(buckets, Choice(1))
    counted = joined(pa.Table.from_batches(list(sums)))
    assert counted.tokens == given.account.kept
    vocabulary = Vocabulary._of(build_vocab(counted, VocabConfig(min_count=1)).combine_chunks())
    encoded = [batch for name in given.parts for batch in encode_sentences(folder, name, vocabulary, seed=1)]
    config = ShardsConfig(window=2, target_rows=1_000)
    task_results: list[TaskResult] = list(
        write_shard(encoded, vocabulary.keep_probability, config, _fresh(folder), 0)
    )
    return Sharded(
        vocabulary.table,
        total_account(task_results),
        tuple(sorted(task_result.digest for task_result in task_results)),
    )


def _fresh(folder: Folder) -> Folder:
    inner = folder / uuid4().hex
    inner.create()
    return inner


def num_tokens(table: pa.Table) -> int:
    """Tokens of all sentences."""
    return int(np.sum([len(chunk.flatten()) for chunk in table["tokens"].chunks]))

"""The shards stage: shuffled (target, contexts) rows."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import pyarrow as pa

from w2v_core import schemas
from w2v_core.config import Config, ShardsConfig
from w2v_core.errors import UserError
from w2v_core.executors.base import Batches, Executor, RowsOfParts
from w2v_core.io.filesystem import Folder
from w2v_core.pipeline.stage import StageResult, make_stage
from w2v_core.runs.manifest import Manifest
from w2v_core.runs.run_directory import RunDir
from w2v_core.runs.sentence_files import SentenceStage
from w2v_core.runs.stage_writer import StageWriter
from w2v_core.runs.task_output import TaskResult, commit_parts, total_account
from w2v_core.runs.token_account import TokenAccount, require_equal
from w2v_core.shards.digest import joined_digest
from w2v_core.shards.encode import encode_sentences
from w2v_core.shards.write import ROW_GROUP_ROWS, num_shards, write_shard
from w2v_core.vocabulary.vocabulary import Vocabulary, cached_vocabulary

WRITING_ROWS = "shards: shuffling and writing rows"


def make_shards(run: RunDir, config: Config, executor: Executor) -> Manifest:
    """Write the shards stage."""
    sentences = SentenceStage.of(run, phrases_wanted=config.phrases.passes > 0)
    vocab = run.require("vocab")
    inputs = {sentences.name: sentences.manifest.fingerprint, "vocab": vocab.fingerprint}
    return make_stage(
        run,
        "shards",
        config.shards,
        inputs,
        lambda stage_writer: _build(stage_writer, run.stage("vocab"), sentences, vocab, config, executor),
        lambda: executor.start(run.name),
    )


def _build(
    stage_writer: StageWriter,
    vocab_folder: Folder,
    sentences: SentenceStage,
    vocab: Manifest,
    config: Config,
    executor: Executor,
) -> StageResult:
    options = config.shards
    num_parts, task_results = write_rows(stage_writer, vocab_folder, sentences, vocab, options, executor)
    account = total_account(task_results)
    require_equal("tokens read by shards", account.read, options.passes * sentences.num_tokens)
    unknown = options.passes * vocab.account().out_of_vocabulary
    require_equal("tokens out of vocabulary", account.out_of_vocabulary, unknown)
    if account.kept == 0:
        fix = _fix_for_no_row(account, sentences, vocab)
        raise UserError(f"no word is left with a context ({account}); {fix}")
    return commit_rows(stage_writer, num_parts, task_results, options, sentences.weighted)


def write_rows(
    stage_writer: StageWriter,
    vocab_folder: Folder,
    sentences: SentenceStage,
    vocab: Manifest,
    options: ShardsConfig,
    executor: Executor,
) -> tuple[int, list[TaskResult]]:
    """Write the rows of all passes, and return the number of parts and the results of the tasks."""
    names, weighted = sentences.parts, sentences.weighted
    read_vocabulary = partial(cached_vocabulary, vocab_folder, vocab.fingerprint)
    expected = read_vocabulary()
    num_parts = num_shards(
        expected.counts, expected.keep_probability, vocab.account().kept, options.target_rows
    )
    encode = partial(_encode, sentences.folder, names, read_vocabulary, options.seed, weighted)
    write = partial(_write, read_vocabulary, options, stage_writer.temporary, weighted)
    encoded = RowsOfParts(len(names), encode, schemas.encoded(weighted))
    return num_parts, executor.run_shuffled(WRITING_ROWS, [encoded], "key", num_parts, write)


def commit_rows(
    stage_writer: StageWriter,
    num_parts: int,
    task_results: Sequence[TaskResult],
    options: ShardsConfig,
    weighted: bool,
) -> StageResult:
    """Name the files of the tasks, and return the result of the stage."""
    files = commit_parts(stage_writer, task_results, num_parts, options.passes)
    return StageResult(
        files,
        total_account(task_results),
        {"shards": len(files) // options.passes, "row_group_rows": ROW_GROUP_ROWS, "weighted": int(weighted)},
        f"{joined_digest(*(task_result.digest for task_result in task_results)):016x}",
    )


def _encode(
    folder: Folder,
    names: Sequence[str],
    read_vocabulary: Callable[[], Vocabulary],
    seed: int,
    weighted: bool,
    part: int,
) -> Iterator[pa.RecordBatch]:
    return encode_sentences(folder, names[part], read_vocabulary(), seed, weighted)


def _write(
    read_vocabulary: Callable[[], Vocabulary],
    options: ShardsConfig,
    folder: Folder,
    weighted: bool,
    encoded: Batches,
    part: int,
) -> Iterator[TaskResult]:
    return write_shard(encoded, read_vocabulary().keep_probability, options, folder, part, weighted)


def _fix_for_no_row(account: TokenAccount, sentences: SentenceStage, vocab: Manifest) -> str:
    """Return why no word has a context, and the fix."""
    if sentences.num_sentences == sentences.num_tokens:
        return "every sentence has one token only, so no token has a neighbour; give sentences of two tokens or more"
    if account.out_of_vocabulary > account.subsampled and vocab.config["min_count"] > 1:
        return f"most words are not in the vocabulary; lower vocab.min_count = {vocab.config['min_count']}"
    if account.subsampled:
        return f"frequent words are subsampled; raise vocab.sample = {vocab.config['sample']}, or set it to 0"
    return "no sentence has two words of the vocabulary side by side; give more text"

"""The phrases stage, optional and between tokens and vocab: words that belong together become one token."""

from collections.abc import Iterator, Sequence
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq

from w2v_core.config import Config, TokenizeConfig
from w2v_core.executors.base import Batches, Executor, RowsOfParts
from w2v_core.io.events import log_event
from w2v_core.io.filesystem import Folder
from w2v_core.io.parquet import read_table
from w2v_core.io.word_list import read_word_list
from w2v_core.phrases.bigrams import PhraseRules
from w2v_core.phrases.count import SUMS, count_bigrams, sum_bigrams
from w2v_core.phrases.join import Phrases, join_part, joined
from w2v_core.phrases.scores import find_phrases
from w2v_core.pipeline.stage import StageResult, make_stage
from w2v_core.runs.artifacts import phrases_file
from w2v_core.runs.manifest import FileEntry, Manifest
from w2v_core.runs.run_directory import RunDir
from w2v_core.runs.sentence_files import SentenceStage, sentence_groups
from w2v_core.runs.stage_writer import StageWriter
from w2v_core.runs.task_output import TaskResult, commit_parts, total_account, write_bytes
from w2v_core.runs.token_account import require_equal
from w2v_core.schemas import PHRASES
from w2v_core.tokenization.tokenizers import spelling
from w2v_core.tokenization.word_forms import given_and_normalized
from w2v_core.vocabulary.hash_partition import BUCKETS, BUCKETS_A_TASK, partition_by_hash

_TOKENS_A_TASK = 5_000_000  # of a task that adds grams up: every second one is another gram


def make_phrases(run: RunDir, config: Config, executor: Executor) -> Manifest | None:
    """Write the phrases stage; without phrases, remove the stage of an earlier run."""
    tokens, options = run.require("tokens"), config.phrases
    if options.passes == 0:
        if run.manifest("phrases") is not None:
            log_event("phrases: removed, since phrases.passes = 0")
            run.remove("phrases")
        return None
    common: tuple[str, ...] = ()
    if options.common_terms is not None:
        rules = spelling(TokenizeConfig.model_validate(tokens.config))
        common = given_and_normalized(read_word_list(options.common_terms, "phrases.common_terms"), rules)
    phrase_rules = PhraseRules(options.delimiter, common)
    return make_stage(
        run,
        "phrases",
        options,
        {"tokens": tokens.fingerprint} | ({"common_terms": list(common)} if common else {}),
        lambda stage_writer: _build(
            stage_writer, SentenceStage.of_tokens(run), phrase_rules, config, executor
        ),
        lambda: executor.start(run.name),
    )


def _build(
    stage_writer: StageWriter,
    sentences: SentenceStage,
    phrase_rules: PhraseRules,
    config: Config,
    executor: Executor,
) -> StageResult:
    files: list[FileEntry] = []
    counters = {}
    for number in range(1, config.phrases.passes + 1):
        found = _find(stage_writer.folder, files, number, sentences, phrase_rules, config, executor)
        counters[f"phrases_{number}"] = len(found)
        write = partial(pq.write_table, found)
        files.append(write_bytes(stage_writer, phrases_file(number), write))
    join = partial(
        _join_part, sentences, stage_writer.folder, tuple(files), phrase_rules, stage_writer.temporary
    )
    task_results = executor.run_parts("phrases: joining", len(sentences.parts), join)
    account = total_account(task_results)
    require_equal("tokens read by phrases", account.read, sentences.num_tokens)
    return StageResult(
        [*commit_parts(stage_writer, task_results, len(sentences.parts)), *files], account, counters
    )


def _find(
    folder: Folder,
    files: list[FileEntry],
    number: int,
    sentences: SentenceStage,
    phrase_rules: PhraseRules,
    config: Config,
    executor: Executor,
) -> pa.Table:
    """Return PHRASES of pass `number`, found in sentences with the phrases of earlier passes, in `files`, joined."""
    num_tasks = 2 + sentences.num_tokens // _TOKENS_A_TASK
    count = partial(_count_part, sentences, folder, tuple(files), phrase_rules, num_tasks * BUCKETS_A_TASK)
    sums = executor.shuffled(
        f"phrases: counting, pass {number}",
        [RowsOfParts(len(sentences.parts), count, BUCKETS)],
        "bucket",
        num_tasks,
        partial(_sum_part, config.phrases.min_count),
        SUMS,
    )
    return find_phrases(sums, config.phrases)


def _join_part(
    sentences: SentenceStage,
    folder: Folder,
    files: tuple[FileEntry, ...],
    phrase_rules: PhraseRules,
    temporary: Folder,
    part: int,
) -> TaskResult:
    return join_part(
        sentences.folder,
        sentences.parts[part],
        sentences.weighted,
        opened_phrases(folder, files),
        phrase_rules,
        temporary,
        part,
    )


def _count_part(
    sentences: SentenceStage,
    folder: Folder,
    files: tuple[FileEntry, ...],
    phrase_rules: PhraseRules,
    num_buckets: int,
    part: int,
) -> Iterator[pa.RecordBatch]:
    passes = opened_phrases(folder, files)
    groups = sentence_groups(sentences.folder, sentences.parts[part], sentences.weighted)
    counted = count_bigrams(
        (joined(group["tokens"].combine_chunks(), passes, phrase_rules) for group in groups), phrase_rules
    )
    if len(counted):
        yield partition_by_hash(counted, num_buckets)


def _sum_part(min_count: int, rows: Batches, _part: int) -> Iterator[pa.RecordBatch]:
    return sum_bigrams(rows, min_count)


def opened_phrases(folder: Folder, files: Sequence[FileEntry]) -> tuple[Phrases, ...]:
    """Return the phrases in `files`, which each process caches until it opens other files."""
    asked = {(folder.file(entry.name), entry.crc32): entry for entry in files}
    opened = {key: _opened_last.get(key) or _read(folder, entry) for key, entry in asked.items()}
    _opened_last.clear()
    _opened_last.update(opened)
    return tuple(opened.values())


_opened_last: dict[tuple[str, int], Phrases] = {}


def _read(folder: Folder, entry: FileEntry) -> Phrases:
    return Phrases.of(read_table(folder, entry.name, PHRASES))

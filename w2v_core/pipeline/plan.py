"""The prediction of what a run needs, from a sample of its input that goes through the stages in this process."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from w2v_core.config import Config
from w2v_core.errors import UserError
from w2v_core.executors.catalog import PREFIX, tables_among
from w2v_core.executors.choose import executor_name
from w2v_core.executors.in_process import InProcessExecutor
from w2v_core.io.events import log_event
from w2v_core.pipeline.shards import WRITING_ROWS, commit_rows, write_rows
from w2v_core.pipeline.stage import StageResult, finish_stage
from w2v_core.pipeline.tokenize import READING_TEXT, build_tokens, import_readers, load_packages
from w2v_core.planning.calibration import (
    LARGEST_CALIBRATION_BYTES,
    CalibrationShards,
    CalibrationVocabulary,
    calibration_vocabulary,
    is_calibration_complete,
    rows_per_second,
)
from w2v_core.planning.input_sample import InputSample, choose
from w2v_core.planning.predict import DEFAULT_SAMPLE_BYTES, Observed, predict, predicted_counts
from w2v_core.planning.prediction import Counts, Prediction, SampleFacts
from w2v_core.planning.sample import Sample, count_levels
from w2v_core.readers.splits import InputFile, find_files, plan_splits
from w2v_core.runs.manifest import Manifest
from w2v_core.runs.run_directory import RunDir
from w2v_core.runs.sentence_files import SentenceStage
from w2v_core.runs.task_output import total_account
from w2v_core.runs.token_account import TokenAccount
from w2v_core.shards.read import Shards
from w2v_core.tokenization.tokenizer_resources import TokenizerResources
from w2v_core.training.engine.choose import choose_engine, with_default_alpha
from w2v_core.training.worker import TrainingJob
from w2v_core.vocabulary.vocabulary import write_vocab
from w2v_core.vocabulary.word_counts import count_tokens

CALIBRATION_SECONDS = 4.0
"""of training on the sample"""


def predict_run(
    locations: list[str], config: Config, sample_bytes: int = DEFAULT_SAMPLE_BYTES, seed: int = 1
) -> Prediction:
    """Predict a run on the files that `locations` name. Raises UserError for catalog tables and unreadable input.

    Writes only into the system's temporary folder.
    """
    tables, others = tables_among(locations)
    if tables:
        raise UserError(
            f"input {PREFIX}{tables[0]}: a plan reads files, without Spark; name the table's own files, or leave it out"
        )
    files = find_files(others, config.tokenize.format, config.tokenize.column)
    import_readers(files)
    given = TokenizerResources.read(config.tokenize)
    load_packages(config, given)
    log_event("plan: reading a sample")
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="w2v-plan-") as work, InProcessExecutor(work) as executor:
        chosen = choose(files, sample_bytes, seed, Path(work))
        run = RunDir.create(f"{work}/run")
        sample = _tokenize(run, chosen, given, config, executor)
        counts = predicted_counts(sample, config, chosen.scale)
        vocabulary = _vocabulary(sample, counts, config, chosen.scale, seed)
        shards, rate = _calibrate(run, sample, vocabulary, config, executor)
    observed = Observed(sample, shards, rate, chosen.scale, _task_bytes(files, config))
    facts = SampleFacts(
        bytes=chosen.sampled_bytes,
        total_bytes=chosen.total_bytes,
        seed=seed,
        seconds=round(time.perf_counter() - started, 1),
    )
    return predict(observed, counts, facts, config, executor_name(config))


def _task_bytes(files: Sequence[InputFile], config: Config) -> list[int]:
    tasks = plan_splits(files, config.tokenize.split_bytes)
    return [sum(split.end - split.begin for split in task) for task in tasks]


def _tokenize(
    run: RunDir, chosen: InputSample, given: TokenizerResources, config: Config, executor: InProcessExecutor
) -> Sample:
    """Write the tokens stage of the sample, and count its words."""
    source = f"a sample of {chosen.sampled_bytes:,} bytes of it"
    with run.rewrite("tokens") as stage_writer:
        result = build_tokens(stage_writer, [chosen.splits], source, given, config.tokenize, executor)
        manifest = finish_stage(stage_writer, config.tokenize, None, result)
    sentences = SentenceStage.of_tokens(run)
    started = time.perf_counter()
    for part in sentences.parts:
        count_tokens(sentences.folder, part, sentences.weighted)
    count_seconds = time.perf_counter() - started
    return Sample(
        sentences=sentences.num_sentences,
        tokens=sentences.num_tokens,
        stage_bytes=sum(file.bytes for file in manifest.files),
        levels=count_levels(sentences),
        tokenize_seconds=executor.seconds[READING_TEXT],
        count_seconds=count_seconds,
    )


def _vocabulary(
    sample: Sample, counts: Counts, config: Config, scale: float, seed: int
) -> CalibrationVocabulary:
    num_words = counts.words
    if not is_calibration_complete(num_words, config):
        num_words = max(1, LARGEST_CALIBRATION_BYTES // (8 * config.train.vector_size))
    return calibration_vocabulary(sample, config, num_words, counts.known_tokens, scale, seed)


def _calibrate(
    run: RunDir,
    sample: Sample,
    vocabulary: CalibrationVocabulary,
    config: Config,
    executor: InProcessExecutor,
) -> tuple[CalibrationShards, float]:
    """Write one pass over the sample as shards, and return what it is and how many rows training takes a second."""
    vocab = _write_vocabulary(run, sample, vocabulary, config)
    sentences = SentenceStage.of_tokens(run)
    once = config.shards.model_copy(update={"passes": 1, "target_rows": 2**31 - 1})
    with run.rewrite("shards") as stage_writer:
        num_parts, task_results = write_rows(
            stage_writer, run.stage("vocab"), sentences, vocab, once, executor
        )
        shards = CalibrationShards(
            rows=total_account(task_results).kept,
            bytes=sum(task_result.file.bytes for task_result in task_results if task_result.file),
            seconds=executor.seconds[WRITING_ROWS],
        )
        if shards.rows == 0:
            return shards, 0.0
        result = commit_rows(stage_writer, num_parts, task_results, once, sentences.weighted)
        manifest = finish_stage(stage_writer, once, None, result)
    return shards, rows_per_second(_training_job(run, manifest, vocabulary, config), CALIBRATION_SECONDS)


def _write_vocabulary(
    run: RunDir, sample: Sample, vocabulary: CalibrationVocabulary, config: Config
) -> Manifest:
    known = vocabulary.num_tokens
    account = TokenAccount(read=sample.tokens, kept=known, out_of_vocabulary=sample.tokens - known)
    with run.rewrite("vocab") as stage_writer:
        files = write_vocab(stage_writer, vocabulary.table)
        return finish_stage(stage_writer, config.vocab, None, StageResult(files, account))


def _training_job(
    run: RunDir, shards: Manifest, vocabulary: CalibrationVocabulary, config: Config
) -> TrainingJob:
    """Return training as in the run, but from random vectors and without end."""
    engine = choose_engine(config.train.engine)
    endless = {"epochs": 100_000, "init_vectors": None, "init_frozen": False}
    train = with_default_alpha(config.train.model_copy(update=endless), engine)
    counts = vocabulary.table["count"].to_numpy()
    rows = Shards.of(run.stage("shards"), shards, len(counts), compiled=engine == "compiled")
    return TrainingJob(rows, counts, config.vocab.ns_exponent, train, engine=engine)

"""The whole pipeline: every stage that is not up to date, in order."""

from collections.abc import Sequence

from w2v_core.config import Config
from w2v_core.executors.base import Executor
from w2v_core.io.events import log_event
from w2v_core.pipeline.evaluate import evaluate_vectors, has_sets
from w2v_core.pipeline.phrases import make_phrases
from w2v_core.pipeline.report import write_report
from w2v_core.pipeline.shards import make_shards
from w2v_core.pipeline.tokenize import tokenize_corpus
from w2v_core.pipeline.train import EpochWatch, WatchTraining, train_vectors, unwatched_training
from w2v_core.pipeline.vocabulary import VocabularyInputs, make_vocab
from w2v_core.readers.splits import InputFile, detect_formats
from w2v_core.runs.artifacts import STAGES
from w2v_core.runs.run_directory import RunDir
from w2v_core.vectors.warm_start import InitialVectors

_ONLY_TEXT = frozenset({"text", "csv", "tsv", "mediawiki"})
"""formats that hold no lists of ready tokens, to which the tokenizer's settings would not apply"""


def check_inputs(config: Config, files: Sequence[InputFile] = (), tables: Sequence[str] = ()) -> None:
    """Check what later stages read, before the first stage begins.

    Parameters
    ----------
    config : Config
        The settings that name lists of words, vocabularies and vectors.
    files, tables : sequence
        The input. Where it may hold ready tokens, settings of vocabularies are compared after it is read.

    Raises
    ------
    UserError
        If something cannot be read, or if a vocabulary was made with other tokenizer settings.
    """
    inputs = VocabularyInputs.read(config.vocab)
    if inputs.folders and not tables:
        detect_formats(files)
        if all(file.format in _ONLY_TEXT for file in files):
            inputs.require_same_settings(config.tokenize)
    if config.train.init_vectors is not None:
        InitialVectors(config.train.init_vectors).identity()


def stages_of(config: Config) -> list[str]:
    """Return the stages that these settings need."""
    asked = {"phrases": config.phrases.passes > 0, "reports": has_sets(config)}
    return [stage for stage in STAGES if asked.get(stage, True)]


def run_stages(
    run: RunDir,
    files: Sequence[InputFile],
    config: Config,
    executor: Executor,
    tables: Sequence[str] = (),
    *,
    fresh: bool = False,
    watch_training: WatchTraining = unwatched_training,
    epoch_watch: EpochWatch | None = None,
) -> None:
    """Run the stages from `files` and `tables` to vectors, with one executor that stops before training."""
    tokenize_corpus(run, files, config, executor, tables)
    make_phrases(run, config, executor)
    make_vocab(run, config, executor)
    make_shards(run, config, executor)
    executor.stop()
    train_vectors(run, config, fresh, watch_training, epoch_watch)


def run_pipeline(
    run: RunDir,
    files: Sequence[InputFile],
    config: Config,
    executor: Executor,
    tables: Sequence[str] = (),
    *,
    against: str | None = None,
    fresh: bool = False,
    watch_training: WatchTraining = unwatched_training,
    epoch_watch: EpochWatch | None = None,
) -> None:
    """Run every stage on `files` and `tables`, and write the report.

    against: other vectors to compare with, as `evaluate --against`
    fresh: as `train --fresh`
    """
    run_stages(
        run,
        files,
        config,
        executor,
        tables,
        fresh=fresh,
        watch_training=watch_training,
        epoch_watch=epoch_watch,
    )
    if has_sets(config) or against is not None:
        evaluate_vectors(run, config, against)
    else:
        log_event(
            "reports: no scores, as no word pairs or analogies were named; w2v evaluate takes them later"
        )
    write_report(run, config)

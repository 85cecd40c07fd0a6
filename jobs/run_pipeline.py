"""All stages, one after another; a stage that is up to date is not made again."""

from collections.abc import Sequence

from jobs import _spark
from jobs._one_writer import writing
from jobs._options import (
    ConfigOption,
    InputListOption,
    InputOption,
    MoreInputs,
    RunDirOption,
    SetOption,
    StrictOption,
    run_script,
    say,
)
from jobs._summary import standing, tell_summary
from jobs.build_vocab import Named, make_vocab
from jobs.evaluate_vectors import (
    AnalogiesOption,
    SimilarityOption,
    check_sets,
    evaluate_vectors,
    has_sets,
    with_sets,
)
from jobs.join_phrases import make_phrases
from jobs.report_run import check_report, write_report
from jobs.tokenize_corpus import find_inputs, named_inputs, settings_with_strict, tokenize_corpus
from jobs.train_vectors import train_vectors
from jobs.write_shards import make_shards
from w2v_core.config import Config
from w2v_core.readers.splits import InputFile
from w2v_core.runs.run_directory import STAGES, RunDir
from w2v_core.vectors.warm_start import InitialVectors


def run(
    run_dir: RunDirOption,
    input: InputOption = None,  # noqa: A002
    more_inputs: MoreInputs = None,
    input_list: InputListOption = None,
    similarity: SimilarityOption = None,
    analogies: AnalogiesOption = None,
    strict: StrictOption = False,
    config: ConfigOption = None,
    set_: SetOption = None,
) -> None:
    """Run every stage: text in, vectors and a report out."""
    settings = with_sets(settings_with_strict(config, set_, strict), similarity, analogies)
    files, tables = find_inputs(named_inputs(input, more_inputs, input_list), settings)
    check_sets(settings)
    check_report(settings)
    _check_named(settings)
    with writing(RunDir.create(run_dir), "w2v run") as directory:
        before = standing(directory, _stages_of(settings))
        run_pipeline(directory, files, settings, tables)
        tell_summary(directory, before)


def _check_named(config: Config) -> None:
    """UserError for lists of words and vectors that later stages are to read and cannot."""
    Named.read(config.vocab)
    if config.train.init_vectors is not None:
        InitialVectors(config.train.init_vectors).identity()


def _stages_of(config: Config) -> list[str]:
    """The stages that these settings ask for."""
    asked = {"phrases": config.phrases.passes > 0, "reports": has_sets(config)}
    return [stage for stage in STAGES if asked.get(stage, True)]


def run_pipeline(
    run: RunDir,
    files: Sequence[InputFile],
    config: Config,
    tables: Sequence[str] = (),
    *,
    against: str | None = None,
    fresh: bool = False,
) -> None:
    """Every stage on `files` and `tables`, in one Spark session that ends before training; and the report.

    against: other vectors to compare with, as `evaluate --against`
    fresh: as `train --fresh`
    """
    tokenize_corpus(run, files, config, tables)
    make_phrases(run, config)
    make_vocab(run, config)
    make_shards(run, config)
    _spark.stop_session()
    train_vectors(run, config, fresh)
    if has_sets(config) or against is not None:
        evaluate_vectors(run, config, against)
    else:
        say("reports: no scores, as no word pairs or analogies were named; w2v evaluate takes them later")
    write_report(run, config)


if __name__ == "__main__":
    run_script(run)

"""A Spark DataFrame to a finished run: the stages on the session that is there, and training on the driver."""

import atexit
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sql
from pyspark.sql.types import ArrayType, DataType, IntegralType, StringType, StructType

from w2v_core.api.spark_documents import is_kept
from w2v_core.api.spark_params import TEXT_COLUMN, Word2VecParams, parameter_names
from w2v_core.config import Config, SparkConfig
from w2v_core.errors import UserError
from w2v_core.executors.catalog import Table
from w2v_core.executors.spark import SparkExecutor
from w2v_core.executors.temporary_folder import make_folder
from w2v_core.pipeline.no_token import NoTokenError
from w2v_core.pipeline.one_writer import writing
from w2v_core.pipeline.phrases import make_phrases
from w2v_core.pipeline.shards import make_shards
from w2v_core.pipeline.tokenize import tokenize_corpus
from w2v_core.pipeline.train import train_vectors
from w2v_core.pipeline.vocabulary import make_vocab
from w2v_core.readers.columns import configured_columns
from w2v_core.runs.run_directory import RunDir


class SessionExecutor(SparkExecutor):
    """Tasks on a session that belongs to the caller, which no stage starts, stops or configures."""

    stops_when_interrupted = False

    def __init__(self, spark: SparkSession) -> None:
        super().__init__(SparkConfig())
        self._spark = spark

    def session(self) -> SparkSession:
        """Return the session."""
        return self._spark

    def stop(self) -> None:
        """Leave the session to the caller."""


class FrameTable(Table):
    """The rows of a DataFrame as a table of the tokens stage."""

    @classmethod
    def of(cls, location: str, frame: DataFrame, config: Config, executor: SparkExecutor) -> "FrameTable":
        """Return the columns of `frame` that the settings name. `location` names the DataFrame in messages."""
        return cls(location, executor.table_of(frame), tuple(configured_columns(config.tokenize)))

    def identity(self) -> dict[str, Any]:
        """Return what no other table has: nothing tells whether a DataFrame's rows are the same again."""
        return {"table": self.location, "read": uuid4().hex}


def fit_run(dataset: DataFrame, params: Word2VecParams) -> str:
    """Run every stage on the column of `dataset` that `params` name, and return the location of the new run.

    Raises UserError for a DataFrame or parameters that do not fit, with the names of parameters.
    """
    _require_frame(dataset)
    column, config = input_column(params), params.config()
    kind = column_type(dataset.schema, column)
    frame = _sentences(dataset, column, kind, params)
    spark, given = dataset.sparkSession, params.getRunDir()
    with parameter_names(), _new_run(given, spark, params.uid) as run:
        with writing(run, "Word2Vec.fit"), _shared_folder(given, spark):
            executor = SessionExecutor(spark)
            table = FrameTable.of(f"the DataFrame's column {column!r}", frame, config, executor)
            _run_stages(run, table, config, executor)
        if given is None:
            _remove_sentences(run)
        return run.folder.path if run.folder.is_local else run.location


def _run_stages(run: RunDir, table: Table, config: Config, executor: SparkExecutor) -> None:
    try:
        tokenize_corpus(run, [], config, executor, [table])
    except NoTokenError as error:
        if error.num_read:  # the settings leave words out, and the message names them
            raise
        raise UserError(
            f"{table.location} holds no word: expected at least one row with words. Check that the DataFrame has "
            "rows, and that inputCol names its words."
        ) from None
    make_phrases(run, config, executor)
    make_vocab(run, config, executor)
    make_shards(run, config, executor)
    train_vectors(run, config)


def input_column(params: Word2VecParams) -> str:
    """Return `inputCol`. Raises UserError where it is not set."""
    if not params.isDefined(params.inputCol):
        raise UserError(
            "inputCol is not set: expected the name of a column. Set it with setInputCol('text')."
        )
    return str(params.getInputCol())


def column_type(schema: StructType, column: str) -> DataType:
    """Return the type of the column. Raises UserError where it is missing, double, or neither words nor text."""
    types = [field.dataType for field in schema.fields if field.name == column]
    if len(types) != 1:
        problem = "no column" if not types else "more than one column"
        raise UserError(
            f"inputCol = {column!r}: the DataFrame has {problem} of this name among "
            f"{', '.join(map(repr, schema.names))}. Name one of its columns with setInputCol."
        )
    kind = types[0]
    words = kind.elementType if isinstance(kind, ArrayType) else kind
    if not isinstance(words, StringType) and not (
        isinstance(kind, ArrayType) and isinstance(words, IntegralType)
    ):
        raise UserError(
            f"inputCol = {column!r} has the type {kind.simpleString()}: expected array<string>, array<bigint> or "
            "string. Cast the column, or name another with setInputCol."
        )
    return kind


def frame_column(dataset: DataFrame, column: str) -> Any:
    """Return the column of this very name, dots and backticks included."""
    return dataset[f"`{column.replace('`', '``')}`"]


def _require_frame(dataset: object) -> None:
    """Raise UserError for anything but a DataFrame of this process's session."""
    if isinstance(dataset, DataFrame) and not type(dataset).__module__.startswith("pyspark.sql.connect"):
        return
    kind = f"{type(dataset).__module__}.{type(dataset).__qualname__}"
    if "connect" in kind:
        raise UserError(
            "fit: expected a DataFrame of a classic Spark session, got one of Spark Connect, which has its driver "
            "elsewhere. Start the session with SparkSession.builder.master(...)."
        )
    raise UserError(
        f"fit: expected a Spark DataFrame, got {kind}. Make one with spark.createDataFrame, or use w2v_core.Word2Vec."
    )


def _sentences(dataset: DataFrame, column: str, kind: DataType, params: Word2VecParams) -> DataFrame:
    """Return one column of texts, or of lists of words no longer than `maxSentenceLength`."""
    words, longest = frame_column(dataset, column), params.getMaxSentenceLength()
    if params.isSet(params.numPartitions) and params.getNumPartitions() < 1:
        raise UserError(
            f"numPartitions = {params.getNumPartitions()}: expected an integer >= 1. Leave it out."
        )
    if longest < 1:
        raise UserError(f"maxSentenceLength = {longest}: expected an integer >= 1. Leave it out for 1000.")
    if isinstance(kind, ArrayType):
        starts = sql.sequence(sql.lit(1), sql.size(words), sql.lit(longest))
        cut = sql.transform(starts, lambda start: sql.slice(words, start, longest))
        words = sql.explode(sql.when(sql.size(words) > longest, cut).otherwise(sql.array(words)))
    elif params.isSet(params.maxSentenceLength):
        raise UserError(
            f"maxSentenceLength = {longest} is for lists of words, and column {column!r} is text, whose sentences are "
            "its lines. Leave it out, or choose the sentences of text by settings=['tokenize.sentences=regex']."
        )
    frame = dataset.select(words.alias(TEXT_COLUMN))
    return frame.repartition(params.getNumPartitions()) if params.isSet(params.numPartitions) else frame


@contextmanager
def _new_run(parent: str | None, spark: SparkSession, uid: str) -> Iterator[RunDir]:
    """Create a run directory of its own for one fit: in `parent`, or one that goes when Python ends."""
    if parent is not None:
        yield RunDir.create(f"{parent.rstrip('/')}/{uid}-{uuid4().hex[:8]}")
        return
    if not _is_one_machine(spark):
        raise UserError(
            f"runDir is not set, and the session runs on a cluster (master {spark.sparkContext.master}): expected a "
            "folder that the driver and all executors see. Set runDir to a shared path or a URI, such as "
            "'s3://bucket/runs'."
        )
    folder = str(make_folder(None, "w2v-spark-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    try:
        yield RunDir.create(f"{folder}/run")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _is_one_machine(spark: SparkSession) -> bool:
    return (spark.sparkContext.master or "").startswith("local")


@contextmanager
def _shared_folder(given: str | None, spark: SparkSession) -> Iterator[None]:
    """Raise a file that one machine wrote and another does not find as a UserError about `runDir`."""
    try:
        yield
    except Exception as error:
        is_missing = isinstance(error, FileNotFoundError) or "FileNotFoundError" in str(error)
        if given is None or not is_missing or _is_one_machine(spark):
            raise
        raise UserError(
            f"runDir = {given}: files that executors wrote there are not found on the driver, or the folder is not "
            "found on executors. Set runDir to a folder that all machines share, or to a URI such as 's3://bucket/runs'."
        ) from error


def _remove_sentences(run: RunDir) -> None:
    """Remove what only training needs."""
    run.stage("shards").delete()
    for stage in ("tokens", "phrases"):
        folder, manifest = run.stage(stage), run.manifest(stage)
        for entry in manifest.files if manifest else ():
            if not is_kept(stage, entry):
                folder.filesystem.delete_file(folder.file(entry.name))

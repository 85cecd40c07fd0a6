"""All that is Spark: the session, and running one function of `w2v_core` a task.

pyspark is imported inside the functions, so that commands which do not need it start fast and run on
machines that do not have it.
"""

import logging
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from jobs._java import missing_java
from w2v_core.config import SparkConfig
from w2v_core.errors import UserError
from w2v_core.parts import RECEIPTS, Receipt

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

ArrowBatches = Iterable[pa.RecordBatch]


def session(config: SparkConfig) -> "SparkSession":
    """The running session, or a new one: on `config.master`, or wherever spark-submit says."""
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise UserError("Spark is not installed here; install it with `pip install 'w2v[spark]'`") from None

    builder = SparkSession.builder.appName("w2v")
    if not _under_spark_submit():
        if fault := missing_java():
            raise UserError(fault)
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        for key, value in _quiet_settings().items():
            builder = builder.config(key, value)
        builder = builder.master(config.master)
    for key, value in config.conf.items():
        builder = builder.config(key, value)
    try:
        session = builder.getOrCreate()
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"Spark does not start ({reason}); check spark.master = {config.master} and spark.conf"
        ) from None
    if not _under_spark_submit():
        _interrupt_like_python()
    return session


def _interrupt_like_python() -> None:
    """Ctrl-C raises KeyboardInterrupt, as everywhere; PySpark's handler talks to the JVM first, and fails at it."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)
    logging.getLogger("py4j").setLevel(logging.CRITICAL)
    logging.getLogger().addHandler(logging.NullHandler())


def stop_session() -> None:
    """Stop the running session, where there is one and we started it."""
    if "pyspark" not in sys.modules or _under_spark_submit():
        return
    from pyspark.sql import SparkSession

    if active := SparkSession.getActiveSession():
        active.stop()


def _under_spark_submit() -> bool:
    return "PYSPARK_GATEWAY_PORT" in os.environ


def _quiet_settings() -> dict[str, str]:
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.shuffle.compress": "true",
        "spark.io.compression.codec": "zstd",
        "spark.sql.shuffle.partitions": "64",
    }
    log4j = Path(__file__).with_name("log4j2.properties")
    if log4j.exists():
        settings["spark.driver.extraJavaOptions"] = f"-Dlog4j2.configurationFile={log4j.as_uri()}"
    return settings


def run_parts(spark: "SparkSession", num_parts: int, task: Callable[[int], Receipt]) -> list[Receipt]:
    """`task(part)` for each part from 0 to num_parts - 1, one Spark task each."""

    def run(batches: ArrowBatches) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for part in batch.column(0).to_pylist():
                yield task(part).to_batch()

    parts = spark.range(0, num_parts, 1, num_parts)
    return _receipts(_collect(parts.mapInArrow(run, spark_schema(spark, RECEIPTS))))


def run_shuffled(
    frame: "DataFrame", key: str, num_parts: int, task: Callable[[ArrowBatches, int], Iterator[Receipt]]
) -> list[Receipt]:
    """`task(rows, part)` for each of `num_parts` parts of `frame`, rows of one key in one part."""

    def run(batches: ArrowBatches) -> Iterator[pa.RecordBatch]:
        from pyspark import TaskContext

        context = TaskContext.get()
        assert context is not None
        for receipt in task(batches, context.partitionId()):
            yield receipt.to_batch()

    return _receipts(shuffled(frame, key, num_parts, run, RECEIPTS))


def rows_of_parts(
    spark: "SparkSession", num_parts: int, task: Callable[[int], Iterator[pa.RecordBatch]], schema: pa.Schema
) -> "DataFrame":
    """The batches of `task(part)` for each part, as one DataFrame of `schema`."""

    def run(batches: ArrowBatches) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for part in batch.column(0).to_pylist():
                yield from task(part)

    return spark.range(0, num_parts, 1, num_parts).mapInArrow(run, spark_schema(spark, schema))


def frame_of(spark: "SparkSession", rows: pa.RecordBatch, schema: pa.Schema) -> "DataFrame":
    """A few rows of the driver's as a DataFrame."""
    return spark.createDataFrame(pa.Table.from_batches([rows], schema))


def shuffled(
    frame: "DataFrame",
    key: str,
    num_parts: int,
    task: Callable[[ArrowBatches], Iterator[pa.RecordBatch]],
    schema: pa.Schema,
) -> pa.Table:
    """What `task` makes of each of `num_parts` parts of `frame`, rows of one key in one part, on the driver."""
    return _collect(
        frame.repartition(num_parts, key).mapInArrow(task, spark_schema(frame.sparkSession, schema))
    )


def spark_schema(spark: "SparkSession", schema: pa.Schema) -> "object":
    """Spark's name for an Arrow schema."""
    return spark.createDataFrame(schema.empty_table()).schema


def _collect(frame: "DataFrame") -> pa.Table:
    """Run the job. What a task raised as UserError is raised here as that, without Spark's traces."""
    from pyspark.errors import PythonException

    try:
        return frame.toArrow()
    except PythonException as error:
        if told := _USER_ERROR.search(str(error)):
            raise UserError(told.group(1)) from None
        raise


_USER_ERROR = re.compile(rf"^{re.escape(UserError.__module__)}\.{UserError.__name__}: (.*)$", re.MULTILINE)


def _receipts(rows: pa.Table) -> list[Receipt]:
    return [Receipt.model_validate_json(text) for text in rows["receipt"].to_pylist()]

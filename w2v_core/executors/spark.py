"""All that is Spark: the session, and running one function of `w2v_core` a task.

pyspark is imported inside the functions, so that commands which do not need it start fast and run on
machines that do not have it.
"""

import logging
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from uuid import uuid4

import pyarrow as pa

from w2v_core.cli.signals import handlers_kept, was_interrupted
from w2v_core.config import SparkConfig
from w2v_core.console.log import children_heard
from w2v_core.console.progress import Tasks, progress
from w2v_core.errors import UserError
from w2v_core.executors.java import missing_java
from w2v_core.executors.spark_errors import failure_of, reason_of
from w2v_core.runs.task_output import RECEIPTS, Receipt

if TYPE_CHECKING:
    from pyspark import SparkContext, SparkStageInfo
    from pyspark.sql import DataFrame, SparkSession

ArrowBatches = Iterable[pa.RecordBatch]


def session(config: SparkConfig, run_name: str = "") -> "SparkSession":
    """The running session, or a new one: on `config.master`, or wherever spark-submit says.

    `run_name` says in Spark's UI whose jobs these are.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise UserError("Spark is not installed here; install it with `pip install 'w2v[spark]'`") from None

    builder = SparkSession.builder.appName(f"w2v {run_name}".strip())
    if not _under_spark_submit():
        if fault := missing_java():
            raise UserError(fault)
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        for key, value in _quiet_settings().items():
            builder = builder.config(key, value)
        if archive := _own_archive():  # workers import us from it
            builder = builder.config("spark.submit.pyFiles", archive).config("spark.files", archive)
        builder = builder.master(config.master)
    for key, value in config.conf.items():
        builder = builder.config(key, value)
    try:
        with (
            handlers_kept(),
            children_heard("spark"),
        ):  # PySpark's for Ctrl-C talks to the JVM first, and fails at it
            session = builder.getOrCreate()
    except Exception as error:
        if was_interrupted(error):
            raise
        check = "--master" if _under_spark_submit() else f"spark.master = {config.master}"
        raise UserError(f"Spark does not start ({reason_of(error)}); check {check} and spark.conf") from None
    if not _under_spark_submit():
        logging.getLogger("py4j").setLevel(logging.CRITICAL)
        logging.getLogger().addHandler(logging.NullHandler())
    return session


def stop_session() -> None:
    """Stop the running session, where there is one and we started it."""
    if "pyspark" not in sys.modules or _under_spark_submit():
        return
    from pyspark.sql import SparkSession

    if active := SparkSession.getActiveSession():
        active.stop()


def _under_spark_submit() -> bool:
    return "PYSPARK_GATEWAY_PORT" in os.environ


def _own_archive() -> str | None:
    """The zip that this program runs from, if it does: `python dist/w2v.zip run …`."""
    place = Path(__file__).parents[1]
    return str(place) if place.is_file() else None


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


def run_parts(
    job: str, spark: "SparkSession", num_parts: int, task: Callable[[int], Receipt]
) -> list[Receipt]:
    """`task(part)` for each part from 0 to num_parts - 1, one Spark task each. `job` is what people read of it."""

    def run(batches: ArrowBatches) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for part in batch.column(0).to_pylist():
                yield task(part).to_batch()

    parts = spark.range(0, num_parts, 1, num_parts)
    return _receipts(_collect(job, parts.mapInArrow(run, spark_schema(spark, RECEIPTS))))


def run_shuffled(
    job: str,
    frame: "DataFrame",
    key: str,
    num_parts: int,
    task: Callable[[ArrowBatches, int], Iterator[Receipt]],
) -> list[Receipt]:
    """`task(rows, part)` for each of `num_parts` parts of `frame`, rows of one key in one part."""
    return run_rows(job, frame.repartition(num_parts, key), task)


def run_rows(
    job: str, frame: "DataFrame", task: Callable[[ArrowBatches, int], Iterator[Receipt]]
) -> list[Receipt]:
    """`task(rows, part)` for each part of `frame` as it is."""

    def run(batches: ArrowBatches) -> Iterator[pa.RecordBatch]:
        # Whatever of this module a task names would be imported on executors, which have no rich: so nothing is.
        from pyspark import TaskContext

        context = TaskContext.get()
        assert context is not None
        for receipt in task(batches, context.partitionId()):
            yield receipt.to_batch()

    return _receipts(_collect(job, frame.mapInArrow(run, spark_schema(frame.sparkSession, RECEIPTS))))


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
    job: str,
    frame: "DataFrame",
    key: str,
    num_parts: int,
    task: Callable[[ArrowBatches, int], Iterator[pa.RecordBatch]],
    schema: pa.Schema,
) -> pa.Table:
    """What `task(rows, part)` makes of each of `num_parts` parts of `frame`; rows of one key are in one part."""

    def run(batches: ArrowBatches) -> Iterator[pa.RecordBatch]:
        from pyspark import TaskContext  # here, as in run_rows

        context = TaskContext.get()
        assert context is not None
        yield from task(batches, context.partitionId())

    return _collect(
        job, frame.repartition(num_parts, key).mapInArrow(run, spark_schema(frame.sparkSession, schema))
    )


def spark_schema(spark: "SparkSession", schema: pa.Schema) -> "object":
    """Spark's name for an Arrow schema."""
    return spark.createDataFrame(schema.empty_table()).schema


def _collect(job: str, frame: "DataFrame") -> pa.Table:
    """Run the job. What a task raised as UserError is raised here as that, without Spark's traces.

    SparkError where a Python worker or a JVM died. KeyboardInterrupt ends the Spark session: no task is left that
    would still write.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PythonException

    context, group = frame.sparkSession.sparkContext, uuid4().hex

    def run() -> pa.Table:
        context.setJobGroup(group, f"w2v {job}", interruptOnCancel=True)
        return frame.toArrow()

    try:
        with progress(job, lambda: _tasks(context, group)):
            return _in_a_thread(run)
    except KeyboardInterrupt:
        with suppress(Exception):  # a JVM that is gone runs no task either
            _abandon(context, group)
        raise
    except (PythonException, Py4JError, OSError, EOFError) as error:
        failure = failure_of(job, error, is_python=isinstance(error, PythonException))
        raise failure from (error if failure is error else None)


def _in_a_thread(call: Callable[[], pa.Table]) -> pa.Table:
    """`call()`. A signal finds the caller waiting, not in the middle of an answer from the JVM, and the JVM can
    still be told to stop."""
    result: Future[pa.Table] = Future()

    def run() -> None:
        try:
            result.set_result(call())
        except BaseException as error:
            result.set_exception(error)

    Thread(target=run, daemon=True).start()
    return result.result()


def _tasks(context: "SparkContext", group: str) -> Tasks:
    """Of all stages that the jobs of `group` have begun so far; others Spark may yet skip."""
    begun = [stage for stage in _stages(context, group) if _has_begun(stage)]
    done, total = (sum(getattr(stage, what) for stage in begun) for what in ("numCompletedTasks", "numTasks"))
    return Tasks(done, total, _has_executor(context))


def _has_executor(context: "SparkContext") -> bool:
    """Whether the cluster has given us an executor. In local mode the driver is one."""
    if re.fullmatch(r"local(\[.*\])?", context.master):
        return True
    executors = context._jsc.sc().statusTracker().getExecutorInfos()  # type: ignore[attr-defined]
    return len(executors) > 1  # the driver is told among them


def _has_begun(stage: "SparkStageInfo") -> bool:
    return stage.numActiveTasks + stage.numCompletedTasks + stage.numFailedTasks > 0


def _abandon(context: "SparkContext", group: str) -> None:
    """End the jobs of `group` and then the session, with which Python workers end that are deep in their work."""
    context.cancelJobGroup(group)
    give_up_at = time.monotonic() + _SECONDS_TO_CANCEL
    while any(stage.numActiveTasks for stage in _stages(context, group)) and time.monotonic() < give_up_at:
        time.sleep(0.1)
    context.stop()


def _stages(context: "SparkContext", group: str) -> "list[SparkStageInfo]":
    tracker = context.statusTracker()
    jobs = [tracker.getJobInfo(job) for job in tracker.getJobIdsForGroup(group)]
    ids = {stage for job in jobs if job for stage in job.stageIds}
    return [stage for stage in map(tracker.getStageInfo, ids) if stage]


_SECONDS_TO_CANCEL = 5.0


def _receipts(rows: pa.Table) -> list[Receipt]:
    return [Receipt.model_validate_json(text) for text in rows["receipt"].to_pylist()]

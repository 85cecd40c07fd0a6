"""All that is Spark: the session, and running one function of `w2v_core` a task.

pyspark is imported inside the functions, so that commands which do not need it start fast and run on
machines that do not have it.
"""

import logging
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import reduce
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from uuid import uuid4

import pyarrow as pa

from w2v_core.config import SparkConfig
from w2v_core.errors import UserError
from w2v_core.executors.base import Batches, Source, Tasks, Watch, unwatched
from w2v_core.executors.interrupts import restore_interrupt_handler, was_interrupted
from w2v_core.executors.java import prepare_java
from w2v_core.executors.spark_catalog import SparkTable
from w2v_core.executors.spark_errors import failure_of, reason_of
from w2v_core.runs.task_output import TASK_RESULTS, TaskResult

if TYPE_CHECKING:
    from pyspark import SparkContext, SparkStageInfo
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

DEFAULT_MASTER = "local[*]"


def session(
    config: SparkConfig,
    run_name: str = "",
    capture: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> "SparkSession":
    """The running session, or a new one: on `config.master`, or wherever spark-submit says.

    `run_name` says in Spark's UI whose jobs these are.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise UserError("Spark is not installed here; install it with `pip install 'w2v[spark]'`") from None

    builder = SparkSession.builder.appName(f"w2v {run_name}".strip())
    if not is_under_spark_submit():
        if fault := prepare_java():
            raise UserError(fault)
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        for key, value in _quiet_settings().items():
            builder = builder.config(key, value)
        if archive := _own_archive():  # workers import us from it
            builder = builder.config("spark.submit.pyFiles", archive).config("spark.files", archive)
        builder = builder.master(config.master or DEFAULT_MASTER)
    for key, value in config.conf.items():
        builder = builder.config(key, value)
    try:
        with (
            restore_interrupt_handler(),
            capture(),
        ):  # PySpark's for Ctrl-C talks to the JVM first, and fails at it
            session = builder.getOrCreate()
    except Exception as error:
        if was_interrupted(error):
            raise
        check = "--master" if is_under_spark_submit() else f"spark.master = {config.master or DEFAULT_MASTER}"
        raise UserError(f"Spark does not start ({reason_of(error)}); check {check} and spark.conf") from None
    if not is_under_spark_submit():
        logging.getLogger("py4j").setLevel(logging.CRITICAL)
        logging.getLogger().addHandler(logging.NullHandler())
    return session


def stop_session() -> None:
    """Stop the running session, where there is one and we started it."""
    if "pyspark" not in sys.modules or is_under_spark_submit():
        return
    from pyspark.sql import SparkSession

    if active := SparkSession.getActiveSession():
        active.stop()


def has_session() -> bool:
    """Return whether this process has a Spark session already."""
    if "pyspark" not in sys.modules:
        return False
    from pyspark.sql import SparkSession

    return SparkSession.getActiveSession() is not None


def is_under_spark_submit() -> bool:
    """Return whether spark-submit started this process."""
    return "PYSPARK_GATEWAY_PORT" in os.environ


def _own_archive() -> str | None:
    """The zip that this program runs from, if it does: `python dist/w2v.zip run …`."""
    archive = Path(__file__).parents[2]
    return str(archive) if archive.is_file() else None


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


class SparkExecutor:
    """Tasks on Spark: on `config.master`, or wherever spark-submit says.

    Parameters
    ----------
    config : SparkConfig
        Master and further settings of the session.
    watch : callable
        Entered while a job runs, to show its progress.
    capture : callable
        Entered while Java starts, which then writes to standard error.
    """

    name = "spark"
    stops_when_interrupted = True
    """whether an interrupt ends the session, and with it every task that would still write"""

    def __init__(
        self,
        config: SparkConfig,
        watch: Watch = unwatched,
        capture: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._config = config
        self._watch = watch
        self._capture = capture
        self._run_name = ""

    def start(self, run_name: str = "") -> None:
        """Start the session, unless there is one. Raises UserError where Spark or Java is missing."""
        self._run_name = run_name or self._run_name
        self.session()

    def session(self) -> "SparkSession":
        """Return the running session, or a new one."""
        return session(self._config, self._run_name, self._capture)

    def run_parts(self, job: str, num_parts: int, task: Callable[[int], TaskResult]) -> list[TaskResult]:
        """Run one Spark task for each part, as `Executor.run_parts`."""

        def run(batches: Batches) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                for part in batch.column(0).to_pylist():
                    yield task(part).to_batch()

        spark = self.session()
        parts = spark.range(0, num_parts, 1, num_parts)
        return _task_results(self._collect(job, parts.mapInArrow(run, spark_schema(spark, TASK_RESULTS))))

    def run_shuffled(
        self,
        job: str,
        sources: list[Source],
        key: str,
        num_parts: int,
        task: Callable[[Batches, int], Iterator[TaskResult]],
    ) -> list[TaskResult]:
        """Repartition by `key` and run `task`, as `Executor.run_shuffled`."""
        return self._run_frame(job, self._frame(sources).repartition(num_parts, key), task)

    def read_table(self, name: str) -> SparkTable:
        """Open a table of Spark's catalog, as `Executor.read_table`."""
        return SparkTable.open(self.session(), name, self._run_frame)

    def table_of(self, frame: "DataFrame") -> SparkTable:
        """Return a DataFrame as a table."""
        return SparkTable(frame, frame.limit(0).toArrow().schema, self._run_frame)

    def _run_frame(
        self, job: str, frame: "DataFrame", task: Callable[[Batches, int], Iterator[TaskResult]]
    ) -> list[TaskResult]:
        """Run `task(rows, part)` for each part of a DataFrame as it is."""

        def run(batches: Batches) -> Iterator[pa.RecordBatch]:
            # A module that a task names is imported on executors, which have numpy, pyarrow and pydantic only.
            from pyspark import TaskContext

            context = TaskContext.get()
            assert context is not None
            for task_result in task(batches, context.partitionId()):
                yield task_result.to_batch()

        schema = spark_schema(frame.sparkSession, TASK_RESULTS)
        return _task_results(self._collect(job, frame.mapInArrow(run, schema)))

    def shuffled(
        self,
        job: str,
        sources: list[Source],
        key: str,
        num_parts: int,
        task: Callable[[Batches, int], Iterator[pa.RecordBatch]],
        schema: pa.Schema,
    ) -> pa.Table:
        """Repartition by `key` and return what `task` yields, as `Executor.shuffled`."""

        def run(batches: Batches) -> Iterator[pa.RecordBatch]:
            from pyspark import TaskContext  # here, as in _run_frame

            context = TaskContext.get()
            assert context is not None
            yield from task(batches, context.partitionId())

        frame = self._frame(sources).repartition(num_parts, key)
        return self._collect(job, frame.mapInArrow(run, spark_schema(frame.sparkSession, schema)))

    def _collect(self, job: str, frame: "DataFrame") -> pa.Table:
        return _collect(job, frame, self._watch, self.stops_when_interrupted)

    def stop(self) -> None:
        """Stop the session, where there is one and spark-submit does not own it."""
        stop_session()

    def _frame(self, sources: list[Source]) -> "DataFrame":
        """The rows of all sources as one DataFrame."""
        return reduce(lambda one, other: one.union(other), map(self._frame_of, sources))

    def _frame_of(self, source: Source) -> "DataFrame":
        spark = self.session()
        if isinstance(source, pa.RecordBatch):
            return spark.createDataFrame(pa.Table.from_batches([source]))
        task = source.task

        def run(batches: Batches) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                for part in batch.column(0).to_pylist():
                    yield from task(part)

        parts = spark.range(0, source.num_parts, 1, source.num_parts)
        return parts.mapInArrow(run, spark_schema(spark, source.schema))


def spark_schema(spark: "SparkSession", schema: pa.Schema) -> "StructType":
    """Spark's name for an Arrow schema."""
    return spark.createDataFrame(schema.empty_table()).schema


def _collect(
    job: str, frame: "DataFrame", watch: Watch = unwatched, stops_when_interrupted: bool = True
) -> pa.Table:
    """Run the job. What a task raised as UserError is raised here as that, without Spark's traces.

    SparkError where a Python worker or a JVM died. KeyboardInterrupt cancels the tasks, and ends the Spark session
    with `stops_when_interrupted`: no task is left that would still write.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PythonException

    context, group = frame.sparkSession.sparkContext, uuid4().hex

    def run() -> pa.Table:
        context.setJobGroup(group, f"w2v {job}", interruptOnCancel=True)
        return frame.toArrow()

    try:
        with watch(job, lambda: _tasks(context, group)):
            return _in_a_thread(run)
    except KeyboardInterrupt:
        with suppress(Exception):  # a JVM that is gone runs no task either
            _abandon(context, group, stops_when_interrupted)
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
    if re.fullmatch(r"local(\[.*\])?", context.master or ""):
        return True
    executors = context._jsc.sc().statusTracker().getExecutorInfos()
    return len(executors) > 1  # the driver is told among them


def _has_begun(stage: "SparkStageInfo") -> bool:
    return stage.numActiveTasks + stage.numCompletedTasks + stage.numFailedTasks > 0


def _abandon(context: "SparkContext", group: str, stops_session: bool) -> None:
    """End the jobs of `group`, and with `stops_session` the session, which also ends Python workers that are busy."""
    context.cancelJobGroup(group)
    give_up_at = time.monotonic() + _SECONDS_TO_CANCEL
    while any(stage.numActiveTasks for stage in _stages(context, group)) and time.monotonic() < give_up_at:
        time.sleep(0.1)
    if stops_session:
        context.stop()


def _stages(context: "SparkContext", group: str) -> "list[SparkStageInfo]":
    tracker = context.statusTracker()
    jobs = [tracker.getJobInfo(job) for job in tracker.getJobIdsForGroup(group)]
    ids = {stage for job in jobs if job for stage in job.stageIds}
    return [stage for stage in map(tracker.getStageInfo, ids) if stage]


_SECONDS_TO_CANCEL = 5.0


def _task_results(rows: pa.Table) -> list[TaskResult]:
    return [TaskResult.model_validate_json(text) for text in rows["receipt"].to_pylist()]

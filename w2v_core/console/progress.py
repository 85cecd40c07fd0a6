"""How far a Spark job is: a bar on a terminal, and now and then a line elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from threading import Event, Thread
from typing import Any

from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from w2v_core.console.log import console, speaks_json
from w2v_core.executors.base import Tasks
from w2v_core.io.events import log_event

SECONDS_BETWEEN_LOOKS = 0.5
SECONDS_BETWEEN_LINES = 30.0


@contextmanager
def progress(job: str, look: Callable[[], Tasks]) -> Iterator[None]:
    """While the block runs, tell how far `job` is, which `look` knows; a thread asks it twice a second."""
    follow = _bar if console.is_interactive and not speaks_json() else _lines
    ended = Event()
    thread = Thread(target=copy_context().run, args=(_until_it_fails, follow, job, look, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _until_it_fails(follow: Callable[..., None], *arguments: object) -> None:
    """Where nobody answers any more the job has failed too, and says more of it."""
    with suppress(Exception):
        follow(*arguments)


def _bar(job: str, look: Callable[[], Tasks], ended: Event) -> None:
    columns = (
        TextColumn(job, markup=False),
        BarColumn(),
        TextColumn("{task.fields[tasks]}"),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None, tasks="")
        while not ended.wait(SECONDS_BETWEEN_LOOKS):
            tasks = look()
            bar.update(task, completed=tasks.done, total=tasks.total or None, tasks=tasks)


def _lines(job: str, look: Callable[[], Tasks], ended: Event) -> None:
    log_event(job, "stage_job_started", job=job)
    started = time.monotonic()
    has_ended = False
    while not has_ended:
        has_ended = ended.wait(SECONDS_BETWEEN_LINES)
        tasks, seconds = look(), time.monotonic() - started
        counts: dict[str, Any] = {
            "tasks": tasks.done,
            "total_tasks": tasks.total,
            "has_executor": tasks.has_executor,
        }
        log_event(
            f"{job}: {tasks}, {seconds:.0f} s", "progress", job=job, **counts, seconds=round(seconds, 3)
        )

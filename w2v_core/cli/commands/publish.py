"""The command `w2v publish`: a finished run becomes a version of a model."""

from typing import Annotated, Any

import typer

from w2v_core.cli.options import JsonOption, RunDirOption, print_json
from w2v_core.io.events import log_event
from w2v_core.registry.store import Model, ModelStore, Published, Version
from w2v_core.runs.run_directory import RunDir

StoreOption = Annotated[
    str, typer.Option("--store", metavar="STORE", help="The store of models: a folder or a URI.")
]
NameOption = Annotated[str, typer.Option("--name", metavar="NAME", help="The model's name.")]
NoPromoteOption = Annotated[
    bool, typer.Option("--no-promote", help="Publish it without making it the current version.")
]
AlignOption = Annotated[
    bool, typer.Option("--align", help="Rotate the vectors onto the axes of the current version.")
]


def publish(
    run_dir: RunDirOption,
    store: StoreOption,
    name: NameOption,
    no_promote: NoPromoteOption = False,
    align: AlignOption = False,
    json: JsonOption = False,
) -> None:
    """Publish a finished run as a new version of a model, and make that the current one."""
    model = ModelStore(store).model(name)
    run = RunDir.open(run_dir)
    align_to = model.current() if align else None
    done = model.publish(run, promote=not no_promote, align_to=align_to)
    log_event(_message_of(model, done))
    if json:
        print_json({**as_dict(done.version, done.is_current), "is_new": done.is_new})


def as_dict(version: Version, is_current: bool) -> dict[str, Any]:
    """Return a version as a dictionary, without its files."""
    record = version.record.model_dump(mode="json", exclude={"files", "format_version"})
    size = sum(file.bytes for file in version.record.files.values())
    return {**record, "location": version.location, "is_current": is_current, "bytes": size}


def _message_of(model: Model, done: Published) -> str:
    name = done.version.name
    aligned = f", aligned to {to['version']}" if (to := done.version.record.aligned_to) else ""
    what = (
        f"published as {name}{aligned}"
        if done.is_new
        else f"already published as {name}, which never changes"
    )
    if done.is_current:
        return f"{model.name}: {what}; it is the current version, in {done.version.location}"
    return f"{model.name}: {what}; `w2v models promote` makes it the current version"

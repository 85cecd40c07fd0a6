"""The commands `w2v models …`: list, show, promote, prune and verify the versions in a store."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from w2v_core.cli.commands.publish import NameOption, StoreOption, as_dict
from w2v_core.cli.examples import epilog_of
from w2v_core.cli.options import JsonOption, exit_status, print_json
from w2v_core.console.log import speaks_json
from w2v_core.console.tables import print_rows
from w2v_core.errors import UserError
from w2v_core.io.events import log_event
from w2v_core.registry.store import Model, ModelStore, Version

HEADINGS = ("model", "version", "", "published", "state", "based on", "MB")

OptionalName = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="Only this model; else all of the store.")
]
VersionArgument = Annotated[str, typer.Argument(metavar="VERSION", help="v1, v2, …")]
OptionalVersion = Annotated[
    str | None, typer.Argument(metavar="[VERSION]", help="v1, v2, …; else the current one.")
]
KeepOption = Annotated[int, typer.Option("--keep", min=1, help="How many of the newest versions stay.")]


def list_versions(store: StoreOption, name: OptionalName = None, json: JsonOption = False) -> None:
    """List models and their versions."""
    opened = ModelStore(store)
    models = [opened.model(name)] if name is not None else opened.models()
    found = [each for model in models for each in _versions(model)]
    if not found:
        location = models[0].location if name is not None else store
        lacks = (
            "has no version yet" if opened.folder.exists() else "does not exist; check --store, or make it"
        )
        raise UserError(f"{location} {lacks}; see `w2v publish`")
    if json:
        print_json([as_dict(*each) for each in found])
    else:
        _print_versions(found)


def show(
    store: StoreOption, name: NameOption, version: OptionalVersion = None, json: JsonOption = False
) -> None:
    """Show what a version is made of."""
    model = ModelStore(store).model(name)
    found = _find_version(model, version)
    facts = as_dict(found, found == model.current())
    if json:
        files = {file: stored.model_dump() for file, stored in found.record.files.items()}
        print_json({**facts, "files": files})
        return
    for key, value in facts.items():
        log_event(f"{key.replace('_', ' ')}: {_in_words(value)}")
    for file, stored in found.record.files.items():
        log_event(f"{file}: {stored.bytes:,} bytes, SHA-256 {stored.sha256}")


def promote(store: StoreOption, name: NameOption, version: VersionArgument, json: JsonOption = False) -> None:
    """Make a version the current one."""
    _log_current(ModelStore(store).model(name).promote(version), json)


def rollback(store: StoreOption, name: NameOption, json: JsonOption = False) -> None:
    """Make the previous current version the current one again."""
    _log_current(ModelStore(store).model(name).rollback(), json)


def prune(store: StoreOption, name: NameOption, keep: KeepOption, json: JsonOption = False) -> None:
    """Remove old versions, except the current one and the target of a rollback."""
    model = ModelStore(store).model(name)
    removed = [version.name for version in model.prune(keep)]
    log_event(f"{name}: removed {', '.join(removed) or 'nothing'}")
    if json:
        print_json({"removed": removed, "kept": [version.name for version in model.versions()]})


def verify(
    store: StoreOption, name: NameOption, version: OptionalVersion = None, json: JsonOption = False
) -> None:
    """Read every file of a version again, and report those that have changed."""
    model = ModelStore(store).model(name)
    found = _find_version(model, version)
    problems = model.verify(found.name)
    for problem in problems:
        log_event(f"{found.name}: {problem}")
    if json:
        print_json({"version": found.name, "problems": problems})
    if problems:
        raise UserError(f"{found.location} is not what was published; go back with `w2v models rollback`")
    log_event(f"{found.name}: whole; files {len(found.record.files):,}")


def _versions(model: Model) -> list[tuple[Version, bool]]:
    current = model.current()
    return [(version, current is not None and version.name == current.name) for version in model.versions()]


def _find_version(model: Model, version: str | None) -> Version:
    found = model.current() if version is None else model.version(version)
    if found is None:
        model.require()
        raise UserError(f"{model.location} has no current version; name one, as `w2v models list` shows them")
    return found


def _in_words(value: object) -> str:
    """Return a value as text: "none", "yes" or "no", and lists and mappings separated by commas."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "; ".join(f"{key} {_in_words(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(_in_words, value))
    return str(value)


def _log_current(version: Version, as_json: bool) -> None:
    rejected = ", although it was rejected" if version.record.state == "rejected" else ""
    log_event(f"{version.record.name}: {version.name} is the current version{rejected}")
    if as_json:
        print_json(as_dict(version, True))


def _print_versions(found: list[tuple[Version, bool]]) -> None:
    rows = [_row(*each) for each in found]
    if speaks_json():
        for version, is_current in found:
            log_event(f"{version.record.name}: {version.name}", "version", **as_dict(version, is_current))
        return
    print_rows(HEADINGS, rows, num_left=len(HEADINGS) - 1)


def _row(version: Version, is_current: bool) -> tuple[str, ...]:
    record = version.record
    facts: dict[str, Any] = as_dict(version, is_current)
    current = "current" if is_current else ""
    megabytes = f"{facts['bytes'] / 1e6:.1f}"
    return (
        record.name,
        version.name,
        current,
        record.published_at,
        record.state,
        record.based_on or "",
        megabytes,
    )


models = typer.Typer(
    help="List, show, promote, roll back, prune and verify published versions.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
_COMMANDS: dict[str, Callable[..., None]] = {
    "list": list_versions,
    "show": show,
    "promote": promote,
    "rollback": rollback,
    "prune": prune,
    "verify": verify,
}
for command_name, command in _COMMANDS.items():
    models.command(command_name, epilog=epilog_of(f"models {command_name}"))(exit_status(command))

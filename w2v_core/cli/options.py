"""The options that commands share, and the exit status of a command."""

import inspect
import json
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, NoReturn

import typer

from w2v_core.cli.renderers import RENDERERS
from w2v_core.cli.signals import EXIT_CODE, interruptible
from w2v_core.console.log import (
    ENVIRONMENT,
    OPTION,
    LogFormat,
    choose_format,
    escape_control_chars,
    escape_json,
    show_log,
    speaks_json,
)
from w2v_core.errors import UserError, describe_system_error
from w2v_core.executors.interrupts import was_interrupted
from w2v_core.io.credentials import without_secrets
from w2v_core.io.events import bind_run, log_event

RunDirOption = Annotated[
    str, typer.Option("--run-dir", metavar="DIR", help="Where the run lives: a folder or a URI.")
]
ConfigOption = Annotated[
    str | None, typer.Option("--config", metavar="FILE", help="Settings in TOML; see conf/default.toml.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="SECTION.KEY=VALUE", help="One setting, over those of --config; may be repeated."
    ),
]
InputOption = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="PATH",
        help="A file, folder, glob or URI, or table:NAME of Spark's catalog; may be repeated.",
    ),
]
FilesOption = Annotated[
    list[str] | None,
    typer.Option("--input", metavar="PATH", help="A file, folder, glob or URI; may be repeated."),
]
MoreInputs = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PATH]...", help="More of --input, as a shell's glob gives them."),
]
InputListOption = Annotated[
    str | None,
    typer.Option("--input-list", metavar="FILE", help="More of --input: a file with a JSON list of them."),
]
StrictOption = Annotated[
    bool, typer.Option("--strict", help="Refuse text that is not UTF-8 instead of replacing and counting it.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
LogFormatOption = Annotated[
    LogFormat,
    typer.Option(
        OPTION,
        envvar=ENVIRONMENT,
        help="The format of the log on standard error: text, or one JSON object a line.",
    ),
]


def print_json(document: Any) -> None:
    """Print one JSON document on standard output, in UTF-8, or in ASCII if the encoding is another."""
    in_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    sys.stdout.write(escape_json(json.dumps(document, ensure_ascii=not in_utf8)) + "\n")
    sys.stdout.flush()


def exit_status(command: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `command` so that it exits with the status of its error: 2 for most, 1 for a bug, 130 if interrupted.

    The wrapper also accepts --log-format, which `choose_format` has already applied.
    """

    @wraps(command)
    def run(*args: Any, **options: Any) -> None:
        options.pop(_LOG_FORMAT, None)
        bind_run(options.get("run_dir"))
        try:
            with interruptible():
                command(*args, **options)
        except UserError as error:
            _exit_with(error.exit_code, str(error))
        except KeyboardInterrupt as error:
            _exit_interrupted(str(error))
        except BrokenPipeError:
            sys.exit(1)
        except (OSError, MemoryError) as error:
            _exit_with(2, describe_system_error(error))
        except Exception as error:
            if was_interrupted(error):
                _exit_interrupted()
            _exit_with_traceback(error)

    run.__signature__ = _with_log_format(command)  # type: ignore[attr-defined]
    return run


_LOG_FORMAT = "log_format"


def _with_log_format(command: Callable[..., Any]) -> inspect.Signature:
    own = inspect.signature(command, eval_str=True)
    option = inspect.Parameter(
        _LOG_FORMAT, inspect.Parameter.KEYWORD_ONLY, default="text", annotation=LogFormatOption
    )
    return own.replace(parameters=[*own.parameters.values(), option])


def _exit_with(code: int, message: str) -> NoReturn:
    log_event(message if speaks_json() else f"error: {message}", "error", "error", exit_code=code)
    sys.exit(code)


def _exit_with_traceback(error: Exception) -> NoReturn:
    trace = "".join(traceback.format_exception(error))
    if speaks_json():
        message = traceback.format_exception_only(error)[-1].strip()
        log_event(message, "error", "error", exit_code=1, traceback=trace)
    else:
        sys.stderr.write(escape_control_chars(without_secrets(trace)))
    sys.exit(1)


def _exit_interrupted(message: str = "") -> NoReturn:
    what = f"interrupted: {message}" if message else "interrupted"
    what += "; finished stages are kept, and the same command goes on after them"
    log_event(what, "interrupted", "warning", exit_code=EXIT_CODE)
    sys.exit(EXIT_CODE)


def run_script(command: Callable[..., Any]) -> None:
    """Run one command as a script, for spark-submit."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(exit_status(command))
    run_app(app)


def run_app(app: typer.Typer) -> NoReturn:
    """Run the command that the command line names, and exit."""
    choose_format(sys.argv[1:])
    show_log(RENDERERS)
    try:
        sys.exit(app(standalone_mode=not speaks_json()))
    except Exception as error:  # of reading the arguments; `ending` lets no other out
        if not (speaks_json() and hasattr(error, "format_message")):
            raise
        _exit_with(error.exit_code, error.format_message())  # type: ignore[attr-defined]

"""The options that every command shares, and how a job ends."""

import inspect
import json
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, NoReturn

import typer

from jobs._log import (
    ENVIRONMENT,
    OPTION,
    LogFormat,
    choose_format,
    handle_library_logs,
    of_run,
    say,
    speaks_json,
    visible,
    visible_json,
)
from jobs._signals import EXIT_CODE, interruptible, was_interrupted
from w2v_core.credentials import without_secrets
from w2v_core.errors import UserError

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
        help="What is told while it works, on standard error: text, or one JSON object a line.",
    ),
]


def print_json(document: Any) -> None:
    """One JSON document on standard output, in UTF-8, or in ASCII where that is all it takes."""
    in_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    sys.stdout.write(visible_json(json.dumps(document, ensure_ascii=not in_utf8)) + "\n")
    sys.stdout.flush()


def ending(command: Callable[..., Any]) -> Callable[..., Any]:
    """`command`, which exits with an error's own code, 2 for most, 1 for a fault of ours, 130 if interrupted.

    It takes --log-format too, beside its own options; `choose_format` has heeded it already.
    """

    @wraps(command)
    def run(*args: Any, **options: Any) -> None:
        options.pop(_LOG_FORMAT, None)
        of_run(options.get("run_dir"))
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


def _exit_with(code: int, told: str) -> NoReturn:
    say(told if speaks_json() else f"error: {told}", "error", "error", exit_code=code)
    sys.exit(code)


def _exit_with_traceback(error: Exception) -> NoReturn:
    trace = "".join(traceback.format_exception(error))
    if speaks_json():
        told = traceback.format_exception_only(error)[-1].strip()
        say(told, "error", "error", exit_code=1, traceback=trace)
    else:
        sys.stderr.write(visible(without_secrets(trace)))
    sys.exit(1)


def _exit_interrupted(told: str = "") -> NoReturn:
    what = f"interrupted: {told}" if told else "interrupted"
    what += "; finished stages are kept, and the same command goes on after them"
    say(what, "interrupted", "warning", exit_code=EXIT_CODE)
    sys.exit(EXIT_CODE)


def describe_system_error(error: OSError | MemoryError) -> str:
    """What the disk, the network or the memory refused, on one line."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return (str(error) or "out of memory").splitlines()[0]


def run_script(command: Callable[..., Any]) -> None:
    """Run one command as a script, for spark-submit."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(ending(command))
    run_app(app)


def run_app(app: typer.Typer) -> NoReturn:
    """Run what the command line asks for, and exit."""
    choose_format(sys.argv[1:])
    handle_library_logs()
    try:
        sys.exit(app(standalone_mode=not speaks_json()))
    except Exception as error:  # of reading the arguments; `ending` lets no other out
        if not (speaks_json() and hasattr(error, "format_message")):
            raise
        _exit_with(error.exit_code, error.format_message())  # type: ignore[attr-defined]

"""The options that every command shares, and how a job ends."""

import json
import re
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from jobs._signals import EXIT_CODE, interruptible, was_interrupted
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

console = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False, markup=False)
"""Everything meant for people; standard output is for what programs read."""

# Control characters, lone surrogates, and what turns the direction of a line: a terminal would act on them.
_ACTS_ON_TERMINALS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def say(text: str) -> None:
    """A line for people, as it is, but for characters that would act on the terminal."""
    console.print(visible(text))


def visible(text: str) -> str:
    """`text` with characters that act on terminals as escapes."""
    return _ACTS_ON_TERMINALS.sub(
        lambda found: found.group().encode("unicode_escape", "surrogatepass").decode(), text
    )


def print_json(document: Any) -> None:
    """One JSON document on standard output, in UTF-8, or in ASCII where that is all it takes."""
    in_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    sys.stdout.write(json.dumps(document, ensure_ascii=not in_utf8) + "\n")
    sys.stdout.flush()


def ending(command: Callable[..., Any]) -> Callable[..., Any]:
    """`command`, which exits with an error's own code, 2 for most, 1 for a fault of ours, 130 if interrupted."""

    @wraps(command)
    def run(*args: Any, **options: Any) -> None:
        try:
            with interruptible():
                command(*args, **options)
        except UserError as error:
            say(f"error: {error}")
            sys.exit(error.exit_code)
        except KeyboardInterrupt as error:
            _exit_interrupted(str(error))
        except BrokenPipeError:
            sys.exit(1)
        except (OSError, MemoryError) as error:
            say(f"error: {describe_system_error(error)}")
            sys.exit(2)
        except Exception as error:
            if was_interrupted(error):
                _exit_interrupted()
            traceback.print_exc()
            sys.exit(1)

    return run


def _exit_interrupted(told: str = "") -> NoReturn:
    what = f"interrupted: {told}" if told else "interrupted"
    say(f"{what}; finished stages are kept, and the same command goes on after them")
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
    app()

"""Commands whose arguments are words, some of which begin with a dash."""

from typing import Any

from typer.core import TyperCommand


class WordsCommand(TyperCommand):
    """A command whose error for an unknown option explains `--`, since the option may have been meant as a word."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments. Raises the usage error of an unknown option with the explanation."""
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except Exception as error:
            if type(error).__name__ == "NoSuchOption" and not getattr(error, "possibilities", None):
                _explain(error, ctx.command_path, given)
            raise


def _explain(error: Any, command: str, given: list[str]) -> None:
    word = next((each for each in given if each.startswith(error.option_name)), error.option_name)
    error.message = (
        f"{error.message}. To ask for a word that begins with a dash, put -- before the words: "
        f"{command} … -- {word}"
    )

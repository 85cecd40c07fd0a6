"""The one exception that means: the user can mend this."""


class UserError(ValueError):
    """Arguments, configuration or input data are at fault, not the program.

    The message is one sentence that names the file, key or value and the way out. The command line
    prints it without a traceback and exits with `exit_code`. It is told on one line, whatever file names hold.
    """

    exit_code = 2

    def __str__(self) -> str:
        return " ".join(super().__str__().splitlines())

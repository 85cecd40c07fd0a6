"""The one exception that means: the user can mend this."""


class UserError(ValueError):
    """Arguments, configuration or input data are at fault, not the program.

    The message is one sentence that names the file, key or value and the way out. The command line
    prints it without a traceback and exits with `exit_code`. It is told on one line, whatever file names hold.
    """

    exit_code = 2

    def __str__(self) -> str:
        return " ".join(super().__str__().splitlines())


def describe_system_error(error: OSError | MemoryError) -> str:
    """What the disk, the network or the memory refused, on one line."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return (str(error) or "out of memory").splitlines()[0]

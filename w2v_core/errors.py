"""The exceptions of the library. All are below `W2VError`."""


class W2VError(Exception):
    """Base class of the exceptions that this package raises on purpose.

    The message is one line that names the file, key or value, and one fix. The command line prints it without a
    traceback and exits with `exit_code`.
    """

    exit_code = 1

    def __str__(self) -> str:
        return " ".join(super().__str__().splitlines())


class UserError(W2VError, ValueError):
    """Arguments, configuration, input or environment are at fault, not the program. Exit status 2."""

    exit_code = 2


class ConfigError(UserError):
    """A setting is unknown, has a wrong value, or does not fit another one."""


class InputError(UserError):
    """A file or a table that is read is missing, damaged, or of another kind than expected."""


class RunError(UserError):
    """A run directory is missing, damaged, or lacks a stage."""


class NotFittedError(UserError, AttributeError):
    """A model was asked for what only a trained model has."""


class AccountError(W2VError, RuntimeError):
    """Counts of two stages do not agree: tokens or words were lost or counted twice. A fault of the program."""


def describe_system_error(error: OSError | MemoryError) -> str:
    """Return on one line what the disk, the network or the memory refused."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return (str(error) or "out of memory").splitlines()[0]

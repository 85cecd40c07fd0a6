"""What `fit` takes, as files and catalog tables for the tokens stage."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

from w2v_core.api.locations import checked_locations, is_location, shortened
from w2v_core.api.spark_rows import check_spark_frame, is_spark_frame, write_spark_frame
from w2v_core.api.spool import input_folder, spool
from w2v_core.api.tables import Rows, rows_of_table
from w2v_core.api.token_lists import token_batches
from w2v_core.config import Config
from w2v_core.errors import InputError
from w2v_core.io.filesystem import Location
from w2v_core.pipeline.tokenize import find_inputs
from w2v_core.readers.splits import InputFile, find_files
from w2v_core.runs.run_directory import RunDir


class Inputs(NamedTuple):
    """What the tokens stage reads."""

    files: list[InputFile]
    tables: list[str]


@dataclass(frozen=True)
class SparkFrame:
    """A DataFrame of Spark whose columns were checked."""

    frame: Any


Source = Inputs | Rows | SparkFrame


def source_of(sentences: Any, config: Config) -> Source:
    """Return what `sentences` is, after a look at its beginning.

    Raises InputError for an object of another kind, for an empty one, and for text where lists of tokens belong.
    """
    if is_location(sentences):
        return _files([sentences], config)
    if is_spark_frame(sentences):
        check_spark_frame(sentences, config.tokenize)
        return SparkFrame(sentences)
    if (rows := rows_of_table(sentences, config.tokenize)) is not None:
        return rows
    return _of_iterable(sentences, config)


@contextmanager
def as_inputs(source: Source, run: RunDir, config: Config) -> Iterator[Inputs]:
    """Yield files and tables with the content of `source`. Files that were written for it are removed in the end."""
    if isinstance(source, Inputs):
        yield source
        return
    with input_folder(run) as folder:
        if isinstance(source, SparkFrame):
            write_spark_frame(source.frame, config.tokenize, folder)
            yield Inputs(find_files([f"{run.location}/{folder.path.rpartition('/')[2]}"], "parquet"), [])
        else:
            yield Inputs([spool(source, folder, run.location, config.tokenize.column)], [])


def _files(locations: Sequence[Location], config: Config) -> Inputs:
    return Inputs(*find_inputs(checked_locations(locations), config))


def _of_iterable(sentences: Any, config: Config) -> Source:
    if not isinstance(sentences, Iterable) or isinstance(sentences, bytes):
        raise InputError(
            f"sentences = {shortened(sentences)}: expected lists of tokens, a table, or paths of files, got a value of "
            f"type {type(sentences).__name__}. Give one of these."
        )
    iterator = iter(sentences)
    first = next(iterator, _NOTHING)
    if first is _NOTHING:
        raise _is_empty(sentences is iterator)
    if is_location(first) and isinstance(sentences, list | tuple):
        return _files(sentences, config)
    if config.tokenize.weight_column is not None:
        raise InputError(
            f"tokenize.weight_column = {config.tokenize.weight_column!r}: expected a table with that column, got lists "
            "of tokens, which have no weights. Give a table, or leave the setting out."
        )
    rows = Rows.of(token_batches(chain([first], iterator), config.tokenize.column))
    assert rows is not None
    return rows


_NOTHING = object()


def _is_empty(is_iterator: bool) -> InputError:
    if is_iterator:
        return InputError(
            "sentences is an iterator with nothing left: expected one sentence or more. An iterator can be read once, "
            "so make a new one for each fit, or give a list."
        )
    return InputError("sentences is empty: expected one sentence or more. Give lists of tokens.")

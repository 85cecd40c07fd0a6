"""Reading Parquet files that should be ours, and saying so when they are not."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq

from w2v_core.errors import UserError
from w2v_core.io.filesystem import Folder, access


def row_groups(
    folder: Folder, name: str, schema: pa.Schema, dictionary_columns: Sequence[str] = ()
) -> Iterator[pa.Table]:
    """The row groups of a file, in order, one in memory at a time.

    The columns that `dictionary_columns` names by their path come as dictionaries, as they are stored.
    UserError where the file is missing, damaged (pages carry checksums) or of another schema.
    """
    with _opened(folder, name, schema, dictionary_columns) as file:
        for index in range(file.num_row_groups):
            yield file.read_row_group(index)


def read_row_group(folder: Folder, name: str, index: int, schema: pa.Schema) -> pa.Table:
    """One row group of a file. Errors as for `row_groups`."""
    with _opened(folder, name, schema) as file:
        return file.read_row_group(index)


@contextmanager
def _opened(
    folder: Folder, name: str, schema: pa.Schema, dictionary_columns: Sequence[str] = ()
) -> Iterator[pq.ParquetFile]:
    path = folder.file(name)
    try:
        with access(path), folder.filesystem.open_input_file(path) as source:
            file = pq.ParquetFile(source, page_checksum_verification=True)
            if not file.schema_arrow.equals(schema):
                found = ", ".join(f"{field.name}: {field.type}" for field in file.schema_arrow)
                raise UserError(f"{path} was not written by w2v: it has columns ({found}); {_WAY_OUT}")
            if dictionary_columns:
                options = {"read_dictionary": list(dictionary_columns), "metadata": file.metadata}
                file = pq.ParquetFile(source, page_checksum_verification=True, **options)
            yield file
    except FileNotFoundError:
        raise UserError(f"{path} is missing; {_WAY_OUT}") from None
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{path} is damaged ({error}); {_WAY_OUT}") from None


def read_table(folder: Folder, name: str, schema: pa.Schema) -> pa.Table:
    """A whole file. Errors as for `row_groups`."""
    return pa.concat_tables([schema.empty_table(), *row_groups(folder, name, schema)])


_WAY_OUT = "delete the folder it is in and run the stage that writes it again"

"""One task of the tokens stage: splits of text to one Parquet part of sentences."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from w2v_core import schemas
from w2v_core.config import TokenizeConfig
from w2v_core.io.filesystem import Folder
from w2v_core.readers import columns
from w2v_core.readers.arrow_ipc import read_arrow
from w2v_core.readers.avro import read_avro
from w2v_core.readers.block import Block
from w2v_core.readers.csv_rows import read_csv
from w2v_core.readers.lines import lines_of_rows, read_lines
from w2v_core.readers.mediawiki import read_mediawiki
from w2v_core.readers.orc import read_orc
from w2v_core.readers.splits import Split
from w2v_core.readers.wiki_extractor import text_lines
from w2v_core.runs.sentence_files import sentence_writer
from w2v_core.runs.task_output import TaskResult
from w2v_core.runs.token_account import TokenAccount
from w2v_core.tokenization import filters, normalize
from w2v_core.tokenization.filters import filter_tokens
from w2v_core.tokenization.fold_addresses import fold_addresses
from w2v_core.tokenization.sentences import split_sentences
from w2v_core.tokenization.tokenizer_resources import TokenizerResources
from w2v_core.tokenization.tokenizers import load_tokenizer, spelling
from w2v_core.tokenization.tokenizers.protocol import Tokenizer
from w2v_core.tokenization.word_forms import normalized_words

_Read = Callable[[Split, TokenizeConfig, Counter[str]], Iterator[Block]]

COUNTERS = (
    *(
        "input_bytes",
        "pages",
        "pages_left_out",
        "rows",
        "rows_without_text",
        "rows_without_weight",
        "bad_rows",
        *columns.BAD_ROWS,
    ),
    *("lines", "doc_lines", "lines_without_token", "long_lines_cut", "replaced_characters", "empty_tokens"),
    "token_lists",
    *("urls_folded", "emails_folded", *normalize.COUNTERS, "sentences"),
)
"""What a task counts. lines = doc_lines + lines_without_token + sentences, where `sentences` is line. For rows see
`columns`."""

_TOKENS_A_ROW_GROUP = 1 << 20


def tokenize_part(
    splits: Sequence[Split], config: TokenizeConfig, given: TokenizerResources, folder: Folder, part: int
) -> TaskResult:
    """Write the sentences of `splits` as part `part` into `folder`."""
    task = Task(config, given)
    blocks = (block for split in splits for block in _read(split, config, task.counters))
    return _write(task, blocks, folder, part)


def tokenize_rows(
    batches: Iterable[pa.RecordBatch],
    table: str,
    config: TokenizeConfig,
    given: TokenizerResources,
    folder: Folder,
    part: int,
) -> TaskResult:
    """Write the sentences of some rows of `table` as part `part` into `folder`."""
    task = Task(config, given)
    rows = (columns.block_of(batch, config, table, task.counters) for batch in batches)
    return _write(task, cut_into_lines(rows, config, task.counters), folder, part)


def _write(task: "Task", blocks: Iterable[Block], folder: Folder, part: int) -> TaskResult:
    with sentence_writer(folder, task.weighted) as writer:
        for rows in _gathered(map(task.sentences, blocks), schemas.tokens(task.weighted)):
            writer.write(rows)
    return TaskResult.of(writer, task.account(), task.counters, part=part)


class Task:
    """The tokenizer and the counters of one task: texts or token lists to sentences."""

    def __init__(self, config: TokenizeConfig, given: TokenizerResources) -> None:
        self.counters: Counter[str] = Counter(dict.fromkeys(COUNTERS, 0))
        self.weighted = config.weight_column is not None
        self._config = config
        self._boundary = re.compile(config.sentence_boundary)
        self._spelling = spelling(config)
        self._tokenizer: Tokenizer = load_tokenizer(config, given.model)
        self._stop_words_of_lists = pa.array(given.stop_words, pa.string())
        self._stop_words = pa.array(normalized_words(given.stop_words, self._spelling), pa.string())
        self._num_kept = 0
        self._dropped: Counter[str] = Counter(dict.fromkeys(_reasons(config), 0))

    def account(self) -> TokenAccount:
        """Return the token account so far."""
        num_read = self._num_kept + sum(self._dropped.values())
        return TokenAccount(read=num_read, kept=self._num_kept, dropped=dict(self._dropped))

    def sentences(self, block: Block) -> Block:
        """Yield lists of tokens that are not empty."""
        if block.is_ready:
            self.counters["token_lists"] += len(block.values)
            return self._without_empty(block, self._stop_words_of_lists)
        return self._without_empty(self._tokens(block), self._stop_words)

    def _tokens(self, block: Block) -> Block:
        config, counters = self._config, self.counters
        lines, row_I = block.values, np.arange(len(block.values))
        lines = fold_addresses(lines, config.url_token, config.email_token, counters)
        if config.sentences == "regex":
            lines, row_I = split_sentences(lines, self._boundary)
        return block.of_rows(self._tokenizer(normalize.normalize(lines, self._spelling, counters)), row_I)

    def _without_empty(self, block: Block, stop_words: pa.StringArray) -> Block:
        config, num_lines = self._config, len(block.values)
        lists = filter_tokens(
            block.values, stop_words, config.min_token_length, config.max_token_length, self._dropped
        )
        has_token_I = pc.greater(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
        if not has_token_I.all():
            lists = lists.filter(pa.array(has_token_I))
        self.counters["lines"] += num_lines
        self.counters["lines_without_token"] += num_lines - len(lists)
        self.counters["sentences"] += len(lists)
        self._num_kept += len(lists.flatten())
        return block.of_rows(lists, np.flatnonzero(has_token_I))


def _reasons(config: TokenizeConfig) -> list[str]:
    """Return the reasons for which the settings may drop a token."""
    asked = (config.stop_words is not None, config.min_token_length > 1, config.max_token_length is not None)
    return [reason for reason, is_asked in zip(filters.REASONS, asked, strict=True) if is_asked]


def _read_text(split: Split, config: TokenizeConfig, counters: Counter[str]) -> Iterator[Block]:
    for lines, is_doc in text_lines(split, read_lines(split, config.strict, counters)):
        text = lines.filter(pc.invert(is_doc))
        counters["lines"] += len(lines) - len(text)
        counters["doc_lines"] += len(lines) - len(text)
        yield Block(text)


def cut_into_lines(
    blocks: Iterable[Block], config: TokenizeConfig, counters: Counter[str]
) -> Iterator[Block]:
    """Return the lines of the texts of a table; with sentences=none a text is one line."""
    for block in blocks:
        if block.is_ready:
            yield block
        else:
            yield block.of_rows(*lines_of_rows(block.values, config.sentences != "none", counters))


_ROWS: dict[str, _Read] = {
    "parquet": columns.read_parquet,
    "orc": read_orc,
    "avro": read_avro,
    "arrow": read_arrow,
    "csv": read_csv,
    "tsv": read_csv,
    "json lines": columns.read_json_lines,
    "mediawiki": read_mediawiki,
}


def _read(split: Split, config: TokenizeConfig, counters: Counter[str]) -> Iterator[Block]:
    if split.file.format == "text":
        return _read_text(split, config, counters)
    return cut_into_lines(_ROWS[split.file.format](split, config, counters), config, counters)


def _gathered(blocks: Iterable[Block], schema: pa.Schema) -> Iterator[pa.Table]:
    """Yield the sentences as tables of about a row group."""
    gathered: list[pa.RecordBatch] = []
    num_tokens = 0
    for block in blocks:
        columns = [block.values] if block.weights is None else [block.values, pa.array(block.weights)]
        gathered.append(
            pa.RecordBatch.from_arrays(
                [column.cast(field.type) for column, field in zip(columns, schema, strict=True)],
                schema=schema,
            )
        )
        num_tokens += len(block.values.flatten())
        if num_tokens >= _TOKENS_A_ROW_GROUP:
            yield pa.Table.from_batches(gathered)
            gathered, num_tokens = [], 0
    if gathered:
        yield pa.Table.from_batches(gathered, schema)

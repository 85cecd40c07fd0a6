"""One task of the first stage: splits of text to one Parquet part of sentences."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from w2v_core.accounting import TokenAccount
from w2v_core.config import TokenizeConfig
from w2v_core.parts import PartWriter, Receipt
from w2v_core.schemas import TOKENS
from w2v_core.storage import Folder
from w2v_core.text import TOKENIZERS, Tokenizer
from w2v_core.text.columns import Block, read_json_lines, read_parquet
from w2v_core.text.inputs import Split
from w2v_core.text.lines import read_lines
from w2v_core.text.wiki_extractor import is_doc_line

COUNTERS = (
    *("input_bytes", "rows", "rows_without_text", "bad_rows"),
    *(
        "lines",
        "doc_lines",
        "lines_without_token",
        "long_lines_cut",
        "replaced_characters",
        "empty_tokens",
        "sentences",
    ),
)
"""What a task counts. lines = doc_lines + lines_without_token + sentences. For rows see `columns`."""


def tokenize_part(splits: Sequence[Split], config: TokenizeConfig, folder: Folder, part: int) -> Receipt:
    """Write the sentences of `splits` as part `part` into `folder`; a line, or a list of tokens, is a sentence."""
    counters: Counter[str] = Counter(dict.fromkeys(COUNTERS, 0))
    num_tokens = 0
    with PartWriter(folder, TOKENS) as writer:
        for split in splits:
            for sentences in _sentences(split, config, counters):
                num_tokens += len(sentences.column(0).values)
                writer.write(sentences)
    return Receipt.of(part, writer, TokenAccount(read=num_tokens, kept=num_tokens), counters)


def _sentences(split: Split, config: TokenizeConfig, counters: Counter[str]) -> Iterator[pa.RecordBatch]:
    tokenizer = TOKENIZERS[config.tokenizer]
    for block in _blocks(split, config, counters):
        if isinstance(block, pa.ListArray):
            num_lines, sentences = len(block), block.filter(pc.greater(pc.list_value_length(block), 0))
        else:
            num_lines, sentences = len(block), _token_lists(block, tokenizer)
        counters["lines"] += num_lines
        counters["lines_without_token"] += num_lines - len(sentences)
        counters["sentences"] += len(sentences)
        yield pa.RecordBatch.from_arrays([sentences], schema=TOKENS)


def _blocks(split: Split, config: TokenizeConfig, counters: Counter[str]) -> Iterator[Block]:
    """Lists of lines, or arrays of ready token lists."""
    if split.file.format == "text":
        for lines in read_lines(split, config.strict, counters):
            text = [line for line in lines if not is_doc_line(line)]
            num_doc_lines = len(lines) - len(text)
            counters["lines"] += num_doc_lines
            counters["doc_lines"] += num_doc_lines
            yield text
        return
    read = read_parquet if split.file.format == "parquet" else read_json_lines
    for block in read(split, config.column, config.strict, counters):
        if isinstance(block, pa.ListArray):
            yield block
        else:
            yield [line.removesuffix("\r") for text in block for line in text.split("\n")]


def _token_lists(lines: Sequence[str], tokenizer: Tokenizer) -> pa.ListArray:
    """The tokens of each line that has any."""
    sentences = [tokens for tokens in map(tokenizer, lines) if tokens]
    offsets = np.zeros(len(sentences) + 1, np.int32)
    np.cumsum([len(tokens) for tokens in sentences], out=offsets[1:])
    flat = pa.array(chain.from_iterable(sentences), pa.string(), size=int(offsets[-1]))
    return pa.ListArray.from_arrays(offsets, flat, type=TOKENS.field("tokens").type)

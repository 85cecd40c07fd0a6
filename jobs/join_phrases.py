"""Sentences with words that belong together as one token. Between tokens and vocab, where it is asked for."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from jobs import _spark
from jobs._one_writer import writing
from jobs._options import ConfigOption, RunDirOption, SetOption, run_script, say
from jobs._stage import Made, make_stage
from w2v_core.buckets import BUCKETS, BUCKETS_A_TASK, in_buckets
from w2v_core.config import Config, TokenizeConfig, load_config
from w2v_core.errors import UserError
from w2v_core.parquet import read_table
from w2v_core.parts import adopt_parts, total_account, write_bytes
from w2v_core.phrases.count import SUMS, count_grams, sum_grams
from w2v_core.phrases.grams import Joining
from w2v_core.phrases.join import Phrases, join_part, joined
from w2v_core.phrases.scores import find_phrases
from w2v_core.run_dir import Draft, FileEntry, Manifest, RunDir
from w2v_core.schemas import PHRASES
from w2v_core.storage import Folder
from w2v_core.text.tokenizers import spelling
from w2v_core.text.word_forms import given_and_normalized
from w2v_core.token_files import SentenceStage, sentence_groups
from w2v_core.word_list import read_word_list

_TOKENS_A_TASK = 5_000_000  # of a task that adds grams up: every second one is another gram


def phrases(run_dir: RunDirOption, config: ConfigOption = None, set_: SetOption = None) -> None:
    """Join words that belong together (new_york), on Spark. Optional, before vocab."""
    settings = load_config(config, set_ or ())
    if settings.phrases.passes == 0:
        raise UserError("phrases.passes = 0 joins nothing; give, for example, --set phrases.passes=1")
    with writing(RunDir.open(run_dir), "w2v phrases") as run:
        make_phrases(run, settings)


def make_phrases(run: RunDir, config: Config) -> Manifest | None:
    """The phrases stage; where none is asked for, the one of an earlier run is removed."""
    tokens, options = run.require("tokens"), config.phrases
    if options.passes == 0:
        if run.manifest("phrases") is not None:
            say("phrases: removed, since phrases.passes = 0")
            run.remove("phrases")
        return None
    common: tuple[str, ...] = ()
    if options.common_terms is not None:
        rules = spelling(TokenizeConfig.model_validate(tokens.config))
        common = given_and_normalized(read_word_list(options.common_terms, "phrases.common_terms"), rules)
    joining = Joining(options.delimiter, common)
    return make_stage(
        run,
        "phrases",
        options,
        {"tokens": tokens.fingerprint} | ({"common_terms": list(common)} if common else {}),
        lambda draft: _build(draft, SentenceStage.of_tokens(run), joining, config),
        lambda: _spark.session(config.spark, run.name),
    )


def _build(draft: Draft, sentences: SentenceStage, joining: Joining, config: Config) -> Made:
    files: list[FileEntry] = []
    counters = {}
    for number in range(1, config.phrases.passes + 1):
        found = _find(draft.folder, files, number, sentences, joining, config)
        counters[f"phrases_{number}"] = len(found)
        files.append(write_bytes(draft, f"phrases-{number}.parquet", lambda out: pq.write_table(found, out)))  # noqa: B023
    parts, folder, source, weighted = sentences.parts, draft.folder, sentences.folder, sentences.weighted
    receipts = _spark.run_parts(
        "phrases: joining",
        _spark.session(config.spark),
        len(parts),
        lambda part: join_part(
            source, parts[part], weighted, opened_phrases(folder, files), joining, draft.temporary, part
        ),
    )
    account = total_account(receipts)
    assert account.read == sentences.num_tokens, "tokens were lost or counted twice between the stages"
    return Made([*adopt_parts(draft, receipts, len(parts)), *files], account, counters)


def _find(
    folder: Folder,
    files: list[FileEntry],
    number: int,
    sentences: SentenceStage,
    joining: Joining,
    config: Config,
) -> pa.Table:
    """PHRASES of pass `number`, in sentences in which those of the passes before, in `files`, are joined."""
    parts, source, weighted = sentences.parts, sentences.folder, sentences.weighted
    num_tasks = 2 + sentences.num_tokens // _TOKENS_A_TASK
    min_count, spark = config.phrases.min_count, _spark.session(config.spark)
    before = list(files)

    def count(part: int) -> Iterator[pa.RecordBatch]:
        passes = opened_phrases(folder, before)
        groups = sentence_groups(source, parts[part], weighted)
        counted = count_grams(
            (joined(group["tokens"].combine_chunks(), passes, joining) for group in groups), joining
        )
        if len(counted):
            yield in_buckets(counted, num_tasks * BUCKETS_A_TASK)

    sums = _spark.shuffled(
        f"phrases: counting, pass {number}",
        _spark.rows_of_parts(spark, len(parts), count, BUCKETS),
        "bucket",
        num_tasks,
        lambda rows, _: sum_grams(rows, min_count),
        SUMS,
    )
    return find_phrases(sums, config.phrases)


def opened_phrases(folder: Folder, files: list[FileEntry]) -> tuple[Phrases, ...]:
    """The phrases in `files`, each opened once a process for as long as they are the last that were asked for."""
    asked = {(folder.file(entry.name), entry.crc32): entry for entry in files}
    opened = {key: _opened_last.get(key) or _read(folder, entry) for key, entry in asked.items()}
    _opened_last.clear()
    _opened_last.update(opened)
    return tuple(opened.values())


_opened_last: dict[tuple[str, int], Phrases] = {}


def _read(folder: Folder, entry: FileEntry) -> Phrases:
    return Phrases.of(read_table(folder, entry.name, PHRASES))


if __name__ == "__main__":
    run_script(phrases)

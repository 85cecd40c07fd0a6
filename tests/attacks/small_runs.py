"""Sentences to vectors through every stage's own code, in this process and without Spark."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from w2v_core import schemas
from w2v_core.config import Config
from w2v_core.errors import UserError
from w2v_core.io.filesystem import open_folder
from w2v_core.reference.unigram_sampler import UnigramSampler
from w2v_core.runs.task_output import PartWriter
from w2v_core.shards.encode import encode_sentences
from w2v_core.shards.read import Shards
from w2v_core.shards.write import ROW_GROUP_ROWS, write_shard
from w2v_core.training.engine.tables import Tables, initial_tables
from w2v_core.training.engine.workspace import Workspace
from w2v_core.training.trainer import Progress, trained
from w2v_core.training.worker import TrainingJob, batches
from w2v_core.vectors.warm_start import InitialVectors
from w2v_core.vocabulary.hash_partition import partition_by_hash
from w2v_core.vocabulary.vocabulary import Vocabulary, build_vocab
from w2v_core.vocabulary.word_counts import SUMS, Choice, count_tokens, joined, sum_buckets


@dataclass(frozen=True)
class Trained:
    """Both tables, copied, and the mean loss over all rows with the tables as training began, and as it ended."""

    tables: Tables
    untrained_loss: float
    loss: float
    reports: list[Progress]


def shards_of(sentences: list[list[str]], config: Config, work: Path) -> tuple[Vocabulary, Shards]:
    """The vocabulary and the shards. Errors as of the stages."""
    folder = open_folder(str(work))
    with PartWriter(folder, schemas.TOKENS) as writer:
        writer.write(pa.table([sentences], schema=schemas.TOKENS))
    choice = Choice(config.vocab.min_count, config.vocab.max_final_vocab)
    counted = partition_by_hash(count_tokens(folder, writer.temporary_name), 4)
    sums = joined(pa.Table.from_batches(sum_buckets([counted], choice), SUMS))
    table = build_vocab(sums, config.vocab)
    columns = [table[name].to_numpy() for name in ("count", "keep_probability", "noise_probability")]
    vocabulary = Vocabulary(table, table["token"].combine_chunks(), *columns)
    options, keep_V = config.shards, vocabulary.keep_probability
    encoded = list(encode_sentences(folder, writer.temporary_name, vocabulary, options.seed))
    task_results = list(write_shard(encoded, keep_V, options, folder, 0))
    assert all(task_result.tokens.balances() for task_result in task_results)
    if not sum(task_result.tokens.kept for task_result in task_results):
        raise UserError("no word is left with a context")  # as the shards stage says it
    files = [r.file.model_copy(update={"name": r.temporary_name}) for r in task_results if r.file]
    return vocabulary, Shards(folder, files, options.window, ROW_GROUP_ROWS, len(vocabulary), options.passes)


def train(vocabulary: Vocabulary, shards: Shards, config: Config) -> Trained:
    """The vectors. Errors as of the stage."""
    job = TrainingJob(shards, vocabulary.counts, config.vocab.ns_exponent, config.train)
    reports: list[Progress] = []
    initial = InitialVectors(config.train.init_vectors) if config.train.init_vectors else None
    if initial:
        initial.known(vocabulary, config.train.vector_size)

    def fill(tables: Tables) -> None:
        if initial:
            initial.load_into(tables, vocabulary)

    before = initial_tables(len(vocabulary), config.train.vector_size, np.random.default_rng(0))
    fill(before)
    with trained(job, report=reports.append, fill=fill) as tables:
        after = Tables(*(np.array(table) for table in tables))
        del tables
    return Trained(after, loss_of(job, before), loss_of(job, after), reports)


def loss_of(job: TrainingJob, tables: Tables) -> float:
    """The mean loss over the rows of the first row group, with windows and noise of their own."""
    unit = next(unit for unit in job.units if unit.num_rows)
    block = job.shards.read_unit(unit, unit.begin, unit.end)
    rng, sampler = np.random.default_rng(7), UnigramSampler(job.counts, job.ns_exponent)
    workspace = Workspace(len(job.counts))
    told = [
        job.model.step(tables, workspace, *batch, alpha=None)
        for batch in batches(block, job.model, sampler, job.config, rng)
    ]
    return sum(loss.total for loss in told) / sum(loss.num_pairs for loss in told)


def run(sentences: list[list[str]], config: Config, work: Path) -> Trained:
    """Sentences to vectors."""
    return train(*shards_of(sentences, config, work), config)

"""Sentences to vectors through the stages."""

from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np
import pyarrow as pa

from w2v_core import schemas
from w2v_core.config import Config
from w2v_core.executors.base import Executor
from w2v_core.pipeline.shards import make_shards
from w2v_core.pipeline.vocabulary import make_vocab
from w2v_core.reference.unigram_sampler import UnigramSampler
from w2v_core.runs.run_directory import RunDir
from w2v_core.runs.task_output import PartWriter, TaskResult, commit_parts
from w2v_core.runs.token_account import TokenAccount
from w2v_core.shards.read import Shards
from w2v_core.training.engine.choose import choose_engine, with_default_alpha
from w2v_core.training.engine.numpy_engine import batches, model_of
from w2v_core.training.engine.tables import Tables, initial_tables
from w2v_core.training.engine.workspace import Workspace
from w2v_core.training.trainer import Progress, trained
from w2v_core.training.worker import TrainingJob
from w2v_core.vectors.warm_start import InitialVectors
from w2v_core.vocabulary.vocabulary import Vocabulary


@dataclass(frozen=True)
class Trained:
    """Both tables, copied, and the mean loss over all rows with the tables as training began, and as it ended."""

    tables: Tables
    untrained_loss: float
    loss: float
    reports: list[Progress]


def shards_of(
    executor: Executor, sentences: list[list[str]], config: Config, work: Path
) -> tuple[Vocabulary, Shards]:
    """The vocabulary and the shards. Errors as of the stages."""
    run = RunDir.create(str(work / uuid4().hex))
    account = TokenAccount(*[sum(map(len, sentences))] * 2)
    with run.rewrite("tokens") as stage_writer:
        with PartWriter(stage_writer.temporary, schemas.TOKENS) as writer:
            writer.write(pa.table([sentences], schema=schemas.TOKENS))
        files = commit_parts(stage_writer, [TaskResult.of(writer, account, {}, part=0)], 1)
        stage_writer.finish(config=config.tokenize, inputs=[], files=files, tokens=account)
    make_vocab(run, config, executor)
    manifest = make_shards(run, config, executor)
    vocabulary = Vocabulary.read(run.stage("vocab"))
    is_compiled = choose_engine(config.train.engine) == "compiled"
    return vocabulary, Shards.of(run.stage("shards"), manifest, len(vocabulary), compiled=is_compiled)


def train(vocabulary: Vocabulary, shards: Shards, config: Config) -> Trained:
    """The vectors. Errors as of the stage."""
    engine = choose_engine(config.train.engine)
    settings = with_default_alpha(config.train, engine)
    job = TrainingJob(shards, vocabulary.counts, config.vocab.ns_exponent, settings, engine=engine)
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
        model_of(job.config).step(tables, workspace, *batch, alpha=None)
        for batch in batches(block, sampler, job.config, rng)
    ]
    return sum(loss.total for loss in told) / sum(loss.num_pairs for loss in told)


def run(executor: Executor, sentences: list[list[str]], config: Config, work: Path) -> Trained:
    """Sentences to vectors."""
    return train(*shards_of(executor, sentences, config, work), config)

"""Rows to vectors, on one machine and without Spark."""

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from jobs._options import ConfigOption, RunDirOption, SetOption, console, run_script
from jobs._stage import Made, make_stage
from w2v_core import trainer
from w2v_core.config import Config, TrainConfig, load_config
from w2v_core.engine.tables import Tables, require_finite
from w2v_core.parts import write_array, write_file
from w2v_core.run_dir import Draft, Manifest, RunDir
from w2v_core.sampler import UnigramSampler
from w2v_core.shards.read import Shards
from w2v_core.vocab import FILE, Vocabulary


def train(run_dir: RunDirOption, config: ConfigOption = None, set_: SetOption = None) -> None:
    """Train word vectors on the shards."""
    settings = load_config(config, set_ or ())
    train_vectors(RunDir.open(run_dir), settings)


def train_vectors(run: RunDir, config: Config) -> Manifest:
    """The vectors stage: input.npy and output.npy, (V, D) float32, and the vocabulary they belong to."""
    vocab, shards = run.require("vocab"), run.require("shards")
    inputs = {"vocab": vocab.fingerprint, "shards": shards.fingerprint}
    return make_stage(
        run, "vectors", config.train, inputs, lambda draft: _build(draft, run, vocab, shards, config.train)
    )


def _build(draft: Draft, run: RunDir, vocab: Manifest, shards: Manifest, config: TrainConfig) -> Made:
    vocabulary = Vocabulary.read(run.stage("vocab"))
    sampler = UnigramSampler(vocabulary.counts, vocab.config["ns_exponent"])
    rows = Shards.of(run.stage("shards"), shards)
    tables = _train(rows, sampler, config)
    require_finite(tables)
    files = [
        write_array(draft, "input.npy", tables.input_VD),
        write_array(draft, "output.npy", tables.output_VD),
        write_file(draft, FILE, vocabulary.table),
    ]
    return Made(files, counters={"words": len(vocabulary), "rows": rows.num_rows * config.epochs})


def _train(rows: Shards, sampler: UnigramSampler, config: TrainConfig) -> Tables:
    """Train with a bar on a terminal, and a line for every tenth of the way elsewhere."""
    columns = (
        TextColumn("vectors"),
        BarColumn(),
        TextColumn("{task.percentage:.0f}%  {task.fields[facts]}  left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("", total=rows.num_rows * config.epochs, facts="")
        last_told = 0

        def report(progress: trainer.Progress) -> None:
            nonlocal last_told
            bar.update(task, completed=progress.rows, facts=_facts(progress))
            tenth = progress.rows * 10 // progress.total_rows
            if tenth > last_told and not console.is_terminal:
                console.print(f"vectors: {progress.rows / progress.total_rows:.0%}  {_facts(progress)}")
                last_told = tenth

        return trainer.train(rows, sampler, config, report)


def _facts(progress: trainer.Progress) -> str:
    return (
        f"epoch {progress.epoch}  loss {progress.loss:.4f}  alpha {progress.alpha:.5f}  "
        f"{progress.rows_per_second:,.0f} rows/s"
    )


if __name__ == "__main__":
    run_script(train)

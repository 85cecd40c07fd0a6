"""Runs of a few words, made without Spark and training, whose names and words would act on a page if they could."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from w2v_core.config import EvaluateConfig, TokenizeConfig, TrainConfig, VocabConfig
from w2v_core.runs.artifacts import REPORT_PAGE, VOCAB_FILE
from w2v_core.runs.run_directory import RunDir
from w2v_core.runs.task_output import write_array, write_bytes, write_file
from w2v_core.runs.token_account import TokenAccount
from w2v_core.vocabulary.vocabulary import vocab_of, write_vocab

HIT = "window.hit=1"
HOSTILE = [
    f"</script><script>{HIT}</script>",
    f"<img src=x onerror={HIT}>",
    f"\"'><svg onload={HIT}>",
    "<!--<script>",
    "]]>&lt;&amp;",
    "line\u2028separator",
    "nul\0byte",
    "turned\u202eround",
    "long" * 5_000,
]
KOREAN = ["서울", "대학교", "서울역", "부산"]
WORDS = ["서울", "대학교", "king", "queen", "cat", "dog", "mouse", "land"]
SCORES = {
    "resamples": 1000,
    "seed": 1,
    "similarity": [
        {
            "file": f"/data/<b onclick={HIT}>.tsv",
            "spearman": 0.61,
            "pairs": 10,
            "covered": 9,
            "coverage": 0.9,
            "interval": [0.52, 0.69],
        },
        {"file": "none.tsv", "spearman": None, "pairs": 2, "covered": 0, "coverage": 0.0},
    ],
    "analogies": [
        {
            "file": "q.txt",
            "accuracy": 0.5,
            "correct": 2,
            "covered": 4,
            "total": 5,
            "coverage": 0.8,
            "sections": [
                {"name": "수도", "accuracy": 0.5, "correct": 2, "covered": 4, "total": 5, "coverage": 0.8}
            ],
        }
    ],
}
COMPARISON = {
    "against": f"/runs/<u onclick={HIT}>",
    "similarity": [
        {
            "file": "a.tsv",
            "score": 0.6,
            "against_score": 0.5,
            "difference": 0.1,
            "interval": [0.02, 0.18],
            "covered": 9,
        },
        {
            "file": "b.tsv",
            "score": None,
            "against_score": 0.5,
            "difference": None,
            "interval": None,
            "covered": 1,
        },
    ],
    "analogies": [],
    "words": {"shared": 1234, "ours": 2000, "against": 1500},
    "neighbors": {"topn": 10, "words": 1000, "overlap": 0.625},
    "moved": {"words": 5, "top": [{"word": HOSTILE[0], "distance": 0.75, "count": 8, "against_count": 9}]},
}


def made_run(folder: Path, tokens: list[str], size: int = 12) -> RunDir:
    """A run with text and vectors, of which only what the page reads is there."""
    rng = np.random.default_rng(3)
    run = RunDir.create(str(folder))
    counts = np.arange(len(tokens), 0, -1) * 3
    account = TokenAccount(100, 90, 4, 5, {"too_short": 1})
    with run.rewrite("tokens") as stage_writer:
        config = TokenizeConfig(stop_words=f"<i onmouseover={HIT}>.txt")
        stage_writer.finish(config=config, inputs=[], files=[], tokens=account, counters={"lines": 7})
    metrics = [
        {
            "rows": 10 * step,
            "total_rows": 100,
            "loss": None if step == 0 else 3 / (step + 1),
            "held_out_loss": 2.5 - step / 10,
            "alpha": 0.025 * (1 - step / 10) if step else 0.0,
            "rows_per_second": 1000.0 + step,
        }
        for step in range(11)
    ]
    lines = b"".join(json.dumps(line).encode() + b"\n" for line in metrics)
    with run.rewrite("vectors") as stage_writer:
        files = [
            write_array(
                stage_writer, "input.npy", rng.standard_normal((len(tokens), size)).astype(np.float32)
            ),
            write_file(stage_writer, "vocab.parquet", vocab_of(pa.array(tokens), counts, VocabConfig())),
            write_bytes(stage_writer, "metrics.jsonl", lambda stream: stream.write(lines)),
        ]
        stage_writer.finish(config=TrainConfig(sg=1), inputs={}, files=files)
    return run


def finished_run(
    folder: Path,
    seed: int,
    words: list[str] = WORDS,
    size: int = 4,
    others: Mapping[str, bytes] = MappingProxyType({}),
) -> RunDir:
    """A run of a few words whose input vectors all hold their seed in the first place, with `others` beside them."""
    run = RunDir.create(str(folder))
    rng = np.random.default_rng(seed)
    table = vocab_of(pa.array(words), np.arange(len(words), 0, -1) * 3, VocabConfig())
    with run.rewrite("vocab") as stage_writer:
        stage_writer.finish(
            config=VocabConfig(), inputs={"seed": seed}, files=write_vocab(stage_writer, table)
        )
    tables = rng.normal(size=(2, len(words), size)).astype(np.float32)
    tables[0, :, 0] = seed
    with run.rewrite("vectors") as stage_writer:
        files = [
            write_array(stage_writer, "input.npy", tables[0]),
            write_array(stage_writer, "output.npy", tables[1]),
            write_file(stage_writer, VOCAB_FILE, table),
            write_bytes(stage_writer, "metrics.jsonl", lambda stream: stream.write(b"{}\n")),
            *(
                write_bytes(stage_writer, name, lambda out, data=data: out.write(data))
                for name, data in others.items()
            ),
        ]
        stage_writer.finish(config=TrainConfig(sg=1, vector_size=size), inputs={"seed": seed}, files=files)
    with run.rewrite("reports") as stage_writer:
        files = [write_bytes(stage_writer, "evaluation.json", lambda stream: stream.write(b"{}"))]
        stage_writer.finish(config=EvaluateConfig(), inputs={}, files=files)
    run.stage("reports").write_atomically("report.html", b"<html>")
    return run


def score(run: RunDir, **reports: object) -> None:
    with run.rewrite("reports") as stage_writer:
        data = {f"{name}.json": json.dumps(report).encode() for name, report in reports.items()}
        files = [write_bytes(stage_writer, name, lambda stream: stream.write(data[name])) for name in data]  # noqa: B023
        stage_writer.finish(config=EvaluateConfig(), inputs=[], files=files)


def page_of(run: RunDir) -> Path:
    return Path(run.folder.path, "reports", REPORT_PAGE)

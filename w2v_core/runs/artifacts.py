"""The name of every file and folder of a run directory, spelled once."""

MARKER = "run.json"
MANIFEST = "manifest.json"
TEMPORARY = "_temporary"
CHECKPOINTS = "checkpoints"
LEASE = "lease"

STAGES = ("tokens", "phrases", "vocab", "shards", "vectors", "reports")

VOCAB_FILE = "vocab.parquet"
VOCAB_ARROW, INDEX_STARTS, INDEX_ENTRIES = "vocab.arrow", "lookup-starts.npy", "lookup-entries.npy"
INPUT_VECTORS, OUTPUT_VECTORS = "input.npy", "output.npy"
METRICS = "metrics.jsonl"
TRAINING_STATE = "state.json"
EVALUATION, COMPARISON, REPORT_PAGE = "evaluation.json", "comparison.json", "report.html"
COMPONENTS = "components.npy"


def part_file(number: int) -> str:
    """Return the name of a part of tokens, shards or documents."""
    return f"part-{number:05d}.parquet"


def phrases_file(number: int) -> str:
    """Return the name of the phrases that pass `number` found, from 1."""
    return f"phrases-{number}.parquet"

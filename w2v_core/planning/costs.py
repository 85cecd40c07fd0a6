"""What does not grow with the corpus, and what grows with settings alone: all constants of the planner.

Bytes, and Spark's start and first job, were measured on x86_64 with Python 3.11 and PySpark 4.3 (benchmarks/results);
another machine's are of the same size. A stage's own seconds, the shuffle's and those of saving are estimates.
"""

from w2v_core.config import Config
from w2v_core.training.engine.choose import choose_engine

START_SECONDS = {"local": 0.0, "spark": 5.0}
"""of the executor, until a Spark session exists; a stage's own seconds are counted after it"""
FIRST_JOB_SECONDS = {"local": 1.0, "spark": 3.0}
"""of the first job: until worker processes have imported what they need, and Java's classes"""
STAGE_SECONDS = {"tokens": 0.5, "vocab": 1.0, "shards": 1.0, "vectors": 0.3}
"""of a stage however little there is to do: planning, the shuffle, the manifest"""
SHUFFLE_SECONDS_A_TOKEN = {"local": 0.0, "spark": 1.0e-7}
"""of one core, for what Spark does with a token between reading sentences and writing rows; the sample has the rest"""
WORKER_START_SECONDS = 1.0
"""until processes that train have imported what they need, or the compiled loop is loaded; compiling is once"""
SAVE_BYTES_A_SECOND = 400e6

VOCAB_BYTES_A_WORD = 63
"""of all files of the vocab stage: a word of 8 letters or so, its numbers, and its place in the lookup"""
VOCAB_FILE_BYTES_A_WORD = 11
"""of vocab.parquet alone, which stands beside the vectors too"""

MB = 1_000_000
DRIVER_BYTES = 230 * MB
"""Python's part of the driver"""
JAVA_BYTES = {"local": 0, "spark": 800 * MB}
"""of Java, as its heap is by default"""
SPARK_WORKER_BYTES, SPARK_WORKER_BYTES_A_ROW = 230 * MB, 70
TRAINER_BYTES = 155 * MB
"""of a process that trains, before it has rows"""
NUMBA_BYTES = 150 * MB
"""of Numba and its compiler in that process"""
BYTES_A_WORD_OF_WORKER = 8 + 24 + 4
"""counts, the sampler's tables, and the sums of the step's bound"""
BYTES_A_WORD_OF_TRAINER = 8 + 1 + 60
"""counts, frozen words, and the vocabulary's table"""
BUFFERED_BLOCKS = 8
"""copies of a block's rows in a worker: read ahead, joined, put into another order, prepared"""


def row_bytes(window: int) -> float:
    """A row as training holds it: words of its span and around it, and two reaches."""
    return (16 + 2 * window) * 4 / 16 + 2


def start_seconds(config: Config) -> float:
    """Until the first row is trained."""
    is_compiled = choose_engine(config.train.engine) == "compiled"
    return WORKER_START_SECONDS if is_compiled or config.train.num_workers > 1 else 0.0


def table_bytes(num_words: float, config: Config) -> float:
    """Both tables of vectors."""
    return 2 * 4 * num_words * config.train.vector_size


def training_bytes(num_words: float, rows_a_pass: float, config: Config) -> float:
    """The most that all processes which train hold together; pages that they share are counted once."""
    train, shards = config.train, config.shards
    workers, one_row = train.num_workers, row_bytes(shards.window)
    rows = rows_a_pass * shards.passes
    buffered = min(train.buffer_rows, rows / workers) * one_row * BUFFERED_BLOCKS
    cached = min(train.cache_mb * 2**20, rows * one_row) if train.epochs > shards.passes else 0.0
    per_worker = BYTES_A_WORD_OF_WORKER * num_words + buffered
    if choose_engine(train.engine) == "compiled":  # workers are threads
        processes = TRAINER_BYTES + NUMBA_BYTES
    else:
        processes = TRAINER_BYTES * (workers + (workers > 1))
    return (
        table_bytes(num_words, config)
        + BYTES_A_WORD_OF_TRAINER * num_words
        + processes
        + workers * per_worker
        + cached
    )


def spark_worker_bytes(rows_a_pass: float, config: Config) -> float:
    """One Python worker of Spark at its most, which is in the shards stage."""
    rows = min(rows_a_pass, config.shards.target_rows)
    return SPARK_WORKER_BYTES + SPARK_WORKER_BYTES_A_ROW * rows

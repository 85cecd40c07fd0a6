"""Examples that `--help` shows below the options of each command."""

EXAMPLES = {
    "run": (
        "w2v run --run-dir my-run --input corpus/ --set train.sg=1",
        "w2v run --run-dir my-run --input 'text/*.txt.gz' --config conf/wikipedia-skip-gram.toml",
        "w2v run --run-dir s3://bucket/run --input s3://bucket/sessions.parquet --set tokenize.column=items",
    ),
    "tokenize": (
        "w2v tokenize --run-dir my-run --input corpus/",
        "w2v tokenize --run-dir my-run --input 말뭉치/ --set tokenize.tokenizer=mecab_ko",
    ),
    "phrases": ("w2v phrases --run-dir my-run --set phrases.passes=1 --set phrases.threshold=20",),
    "vocab": (
        "w2v vocab --run-dir my-run --set vocab.min_count=10",
        "w2v vocab --run-dir my-run --set vocab.max_final_vocab=200000 --set vocab.keep=names.txt",
    ),
    "shards": ("w2v shards --run-dir my-run --set shards.window=10",),
    "train": (
        "w2v train --run-dir my-run --set train.sg=1 --set train.vector_size=300",
        "w2v train --run-dir my-run --set train.init_vectors=GoogleNews-vectors-negative300.bin "
        "--set train.vector_size=300",
    ),
    "evaluate": (
        "w2v evaluate --run-dir my-run --similarity wordsim353 --analogies questions-words",
        "w2v evaluate --run-dir my-run --similarity my-pairs.tsv --json > scores.json",
        "w2v evaluate --run-dir my-run --against other-run",
    ),
    "report": ("w2v report --run-dir my-run", "w2v report --run-dir my-run --set report.projection=umap"),
    "embed": (
        "w2v embed --run-dir my-run --input reviews.jsonl --set embed.id_column=id --output review-vectors",
        "w2v embed --run-dir my-run --input texts/ --output text-vectors --set embed.weighting=sif",
    ),
    "neighbors": (
        "w2v neighbors --run-dir my-run 서울 university",
        "w2v neighbors --vectors GoogleNews-vectors-negative300.bin king --json",
    ),
    "analogy": ("w2v analogy --run-dir my-run man king woman",),
    "export": (
        "w2v export --run-dir my-run --format word2vec-binary --output vectors.bin",
        "w2v export --run-dir my-run --format npy --dtype float16 --output vectors",
        "w2v export --vectors glove.6B.300d.txt --format parquet --output glove.parquet",
    ),
    "verify": ("w2v verify --run-dir my-run",),
    "demo": ("w2v demo --run-dir demo-run",),
    "plan": (
        "w2v plan --input corpus/ --set train.sg=1 --set train.vector_size=300",
        "w2v plan --input corpus/ --json > plan.json",
        "w2v plan --run-dir my-run --prediction plan.json",
    ),
    "track": ("w2v track --run-dir my-run --uri http://localhost:5000 --experiment news",),
    "publish": (
        "w2v publish --run-dir my-run --store models --name news",
        "w2v publish --run-dir my-run --store s3://bucket/models --name news --align --no-promote",
    ),
    "models list": ("w2v models list --store models",),
    "models show": ("w2v models show --store models --name news v3",),
    "models promote": ("w2v models promote --store models --name news v3",),
    "models rollback": ("w2v models rollback --store models --name news",),
    "models prune": ("w2v models prune --store models --name news --keep 5",),
    "models verify": ("w2v models verify --store models --name news",),
    "nightly": (
        "w2v nightly --store models --name news --work work/news --input arriving/ --similarity wordsim353",
        "w2v nightly --store s3://bucket/models --name news --work s3://bucket/work/news "
        "--input s3://bucket/arriving --set gate.max_drop=0.01 --metrics-file metrics/news.prom",
    ),
    "status": ("w2v status --work work/news", "w2v status --work work/news --nights 30 --json"),
}


def epilog_of(command: str) -> str:
    """Return the examples of `command` as an epilog. Typer reads an empty line as the end of a line."""
    return "\n\n".join(("Examples:", *(f"  {example}" for example in EXAMPLES[command])))

"""Skip-gram with negative sampling in PyTorch, on the shards of a run.

    python docs/examples/torch_trainer.py --run-dir my-run --output torch-vectors
    w2v neighbors --vectors torch-vectors king

Of w2v it needs the files alone. Shape suffixes: B rows, W window, P pairs, K noise words, V words, D dimensions.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid
from torch.utils.data import DataLoader, IterableDataset, get_worker_info


class Pairs(IterableDataset):
    """Batches of (word, context) pairs of one epoch. Each process of the loader reads files of its own."""

    def __init__(self, files: list[Path], batch_rows: int, seed: int) -> None:
        self.files, self.batch_rows, self.seed = files, batch_rows, seed

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        worker = get_worker_info()
        rank, world_size = (worker.id, worker.num_workers) if worker else (0, 1)
        rng = np.random.default_rng([self.seed, rank])
        for number in rng.permutation(np.arange(rank, len(self.files), world_size)):
            for batch in pq.ParquetFile(self.files[number]).iter_batches(self.batch_rows):
                target_B = batch["target"].to_numpy()
                contexts_BC = batch["contexts"].flatten().to_numpy().reshape(len(target_B), -1)  # C = 2 W
                reach_B = rng.integers(1, contexts_BC.shape[1] // 2, len(target_B), endpoint=True)
                used_BC = np.arange(contexts_BC.shape[1]) < 2 * reach_B[:, None]
                row_P, slot_P = np.nonzero(used_BC & (contexts_BC >= 0))  # -1 is past the sentence's end
                yield torch.from_numpy(target_B[row_P]), torch.from_numpy(contexts_BC[row_P, slot_P])


class SkipGram(nn.Module):
    """The summed loss of pairs against noise. Gradients of both tables are rows, as sparse tensors."""

    def __init__(self, num_words: int, size: int) -> None:
        super().__init__()
        self.input = nn.Embedding(num_words, size, sparse=True)
        self.output = nn.Embedding(num_words, size, sparse=True)
        nn.init.uniform_(self.input.weight, -0.5 / size, 0.5 / size)
        nn.init.zeros_(self.output.weight)

    def forward(self, word_P: Tensor, context_P: Tensor, noise_PK: Tensor) -> Tensor:
        h_PD = self.input(word_P)
        score_P = (h_PD * self.output(context_P)).sum(1)
        score_PK = torch.bmm(self.output(noise_PK), h_PD[:, :, None])[:, :, 0]
        return -logsigmoid(score_P).sum() - logsigmoid(-score_PK).sum()


def main() -> None:
    """Train, tell the mean loss of each epoch, and write vectors that `WordVectors.load` opens."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run-dir", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    for name, default in {"size": 100, "epochs": 5, "negative": 5, "rows": 256, "loaders": 2}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--alpha", type=float, default=0.005)
    options = parser.parse_args()
    torch.manual_seed(1)
    vocab = pq.read_table(options.run_dir / "vocab/vocab.parquet", columns=["token", "count"])
    counts_V = vocab["count"].to_numpy()
    line_V = torch.from_numpy(np.cumsum(counts_V**0.75) / np.sum(counts_V**0.75))  # a word owns a part of [0, 1)
    manifest = json.loads((options.run_dir / "shards/manifest.json").read_text())
    files = [options.run_dir / "shards" / file["name"] for file in manifest["files"]]
    model = SkipGram(len(vocab), options.size)
    adam = torch.optim.SparseAdam(model.parameters(), lr=options.alpha)
    for epoch in range(options.epochs):
        loss, pairs = 0.0, 0
        for word_P, context_P in DataLoader(Pairs(files, options.rows, epoch), None, num_workers=options.loaders):
            noise_PK = torch.searchsorted(line_V, torch.rand(len(word_P), options.negative, dtype=torch.float64))
            of_batch = model(word_P, context_P, noise_PK.clamp_(max=len(vocab) - 1))
            adam.zero_grad()
            (of_batch / len(word_P)).backward()
            adam.step()
            loss, pairs = loss + of_batch.item(), pairs + len(word_P)
        print(f"epoch {epoch + 1}: {pairs:,} pairs, loss {loss / pairs:.4f}", flush=True)
    options.output.mkdir(parents=True, exist_ok=True)
    np.save(options.output / "vectors.npy", model.input.weight.detach().numpy())
    np.save(options.output / "counts.npy", counts_V)
    (options.output / "tokens.json").write_text(json.dumps(vocab["token"].to_pylist()), encoding="utf-8")


if __name__ == "__main__":
    main()

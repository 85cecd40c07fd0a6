"""Skip-gram on RUN/shards by PyTorch. B rows, W slots, P pairs, K noise words, V words, D dimensions."""

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
                contexts_BW = batch["contexts"].flatten().to_numpy().reshape(len(target_B), -1)
                reach_B = rng.integers(1, contexts_BW.shape[1] // 2, len(target_B), endpoint=True)
                used_BW = np.arange(contexts_BW.shape[1]) < 2 * reach_B[:, None]
                row_P, slot_P = np.nonzero(used_BW & (contexts_BW >= 0))  # -1 is past the sentence's end
                yield torch.from_numpy(target_B[row_P]), torch.from_numpy(contexts_BW[row_P, slot_P])


def mean_loss(tables: nn.ModuleList, word_P: Tensor, context_P: Tensor, noise_PK: Tensor) -> Tensor:
    """Of the pairs against noise. The gradients of both tables are rows, as sparse tensors."""
    h_PD, output = tables[0](word_P), tables[1]
    score_P = (h_PD * output(context_P)).sum(1)
    score_PK = torch.bmm(output(noise_PK), h_PD[:, :, None])[:, :, 0]
    return -(logsigmoid(score_P).sum() + logsigmoid(-score_PK).sum()) / len(word_P)


def main() -> None:
    """Train, tell the mean loss of each epoch, and write vectors that `WordVectors.load` opens."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("run", "output"):
        parser.add_argument(name, type=Path)
    for name, default in {"size": 100, "epochs": 5, "negative": 5, "rows": 256, "loaders": 2}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    vocab = pq.read_table(options.run / "vocab/vocab.parquet", columns=["token", "count"])
    counts_V = vocab["count"].to_numpy()
    line_V = torch.from_numpy(np.cumsum(counts_V**0.75) / np.sum(counts_V**0.75))  # a word has a part of it
    manifest = json.loads((options.run / "shards/manifest.json").read_text())
    files = [options.run / "shards" / file["name"] for file in manifest["files"]]
    torch.manual_seed(1)
    tables = nn.ModuleList(nn.Embedding(len(vocab), options.size, sparse=True) for _ in range(2))
    nn.init.uniform_(tables[0].weight, -0.5 / options.size, 0.5 / options.size)
    nn.init.zeros_(tables[1].weight)
    adam = torch.optim.SparseAdam(tables.parameters(), lr=0.005)
    for epoch in range(options.epochs):
        losses = []
        for pairs in DataLoader(Pairs(files, options.rows, epoch), None, num_workers=options.loaders):
            places_PK = torch.rand(len(pairs[0]), options.negative, dtype=torch.float64)
            loss = mean_loss(tables, *pairs, torch.searchsorted(line_V, places_PK).clamp_(max=len(vocab) - 1))
            adam.zero_grad()
            loss.backward()
            adam.step()
            losses.append(loss.item())
        print(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}", flush=True)
    options.output.mkdir(parents=True, exist_ok=True)
    np.save(options.output / "vectors.npy", tables[0].weight.detach().numpy())
    np.save(options.output / "counts.npy", counts_V)
    (options.output / "tokens.json").write_text(json.dumps(vocab["token"].to_pylist()), encoding="utf-8")


if __name__ == "__main__":
    main()

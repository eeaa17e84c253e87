"""The other side of `benchmarks.training`: the same network and loss in plain PyTorch, in an interpreter that has nothing of ours.

    build/peers/bin/python benchmarks/training_torch.py DATA

DATA is an npz with `tokens`, `labels`, `widths` and a JSON of `settings`. It reads lines "eager 5" or "compiled 5" from its standard
input, takes so many steps, and answers with the seconds they took. Plain modules in the standard block; logits at the last position
alone. Dropout, learning rate and decay are the settings' own; Muon takes the matrices of the block, AdamW the rest.
"""

import json
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, d_model: int, n_heads: int, d_mlp: int, dropout: float) -> None:
        super().__init__()
        self.n_heads, self.drop = n_heads, nn.Dropout(dropout)
        self.qkv, self.out = nn.Linear(d_model, 3 * d_model, bias=False), nn.Linear(d_model, d_model, bias=False)
        self.mlp_in, self.mlp_out = nn.Linear(d_model, d_mlp, bias=False), nn.Linear(d_mlp, d_model, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        rows, places, width = x.shape
        q, k, v = self.qkv(x).reshape(rows, places, 3, self.n_heads, -1).permute(2, 0, 3, 1, 4)
        z = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(rows, places, width)
        x = x + self.drop(self.out(z))
        return x + self.drop(self.mlp_out(F.relu(self.mlp_in(x))))


class Network(nn.Module):
    def __init__(self, d_vocab: int, n_ctx: int, classes: int, d_model: int, n_heads: int, d_mlp: int, dropout: float) -> None:
        super().__init__()
        self.embed, self.places = nn.Embedding(d_vocab, d_model), nn.Parameter(torch.randn(n_ctx, d_model) * d_model**-0.5)
        nn.init.normal_(self.embed.weight, std=d_model**-0.5)
        self.block, self.unembed = Block(d_model, n_heads, d_mlp, dropout), nn.Linear(d_model, classes, bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.unembed(self.block(self.embed(tokens) + self.places)[:, -1])


def stepper(data: dict[str, np.ndarray], settings: dict, device: str, *, compiled: bool) -> Callable[[int], float]:
    """`run(n)`: seconds that n steps took."""
    widths = data["widths"].tolist()
    tokens, labels = (torch.as_tensor(data[name]).to(device) for name in ("tokens", "labels"))
    shape = {name: settings[name] for name in ("d_model", "n_heads", "d_mlp", "dropout")}
    model = Network(int(tokens.max()) + 1, tokens.shape[1], sum(widths), **shape).to(device)
    matrices = [w for w in model.block.parameters() if w.ndim == 2] if settings["optimizer"] == "muon" else []
    held = {id(w) for w in matrices}
    common = {"lr": settings["lr"], "weight_decay": settings["weight_decay"]}
    optimizers: list[torch.optim.Optimizer] = [torch.optim.AdamW([w for w in model.parameters() if id(w) not in held], **common)]
    if matrices:
        optimizers.append(torch.optim.Muon(matrices, **common))

    def loss_of(tokens: Tensor, labels: Tensor) -> Tensor:
        parts = model(tokens).split(widths, dim=-1)
        losses = [F.cross_entropy(part, labels[:, t]) / np.log(width) for t, (part, width) in enumerate(zip(parts, widths, strict=True))]
        return torch.stack(losses).mean()

    loss_of = torch.compile(loss_of) if compiled else loss_of

    def step() -> Tensor:
        rows = torch.randint(len(tokens), (settings["batch"],), device=device) if settings["batch"] else slice(None)
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss = loss_of(tokens[rows], labels[rows])
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        return loss.detach()

    def run(n: int) -> float:
        start = time.perf_counter()
        for _ in range(n):
            loss = step()
        loss.item()
        return time.perf_counter() - start

    return run


def main(path: str) -> None:
    data = dict(np.load(path))
    settings, device = json.loads(str(data["settings"])), "cuda" if torch.cuda.is_available() else "cpu"
    runs: dict[str, Callable[[int], float]] = {}
    for line in sys.stdin:
        how, steps = line.split()
        if how not in runs:
            runs[how] = stepper(data, settings, device, compiled=how == "compiled")
        print(runs[how](int(steps)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

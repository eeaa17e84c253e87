"""A run as TransformerLens 3 reads it: our tensors have its names, so that only its settings and its biases, all zero, are added."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save as to_bytes

from .checkpoint import CheckpointError, atomic_write, named_leaves
from .runs import Run

RECIPE = """\
import json
import torch
from safetensors import safe_open
from transformer_lens import HookedTransformer, HookedTransformerConfig  # 3.x; 4.0 has them no more

with safe_open("{path}", "pt") as file:
    settings = json.loads(file.metadata()["settings"])
    weights = {{name: file.get_tensor(name) for name in file.keys()}}
model = HookedTransformer(HookedTransformerConfig(**settings, device="cpu"))
model.load_state_dict(weights, strict=False)  # what it misses are its own masks
logits, cache = model.run_with_cache(torch.tensor([{example}]))  # {meaning}
print(logits[0, -1].split({widths})[-1].argmax())  # {expected}"""


def settings(run: Run) -> dict[str, int | str | None]:
    """The fields of `HookedTransformerConfig`. Raises `CheckpointError` for a block that TransformerLens does not have."""
    config, data = run.config, run.dataset
    if config.block != "standard":
        raise CheckpointError(f"run {config.run!r} has the block {config.block}: TransformerLens has only the standard one")
    return {
        "n_layers": config.n_layers, "d_model": config.d_model, "n_ctx": data.n_ctx, "d_head": config.d_head, "n_heads": config.n_heads,
        "d_mlp": config.d_mlp, "d_vocab": data.d_vocab, "d_vocab_out": sum(data.widths), "act_fn": "relu", "normalization_type": None,
        "attention_dir": "causal",
    }  # fmt: skip


def weights(run: Run) -> dict[str, np.ndarray]:
    """The tensors of `HookedTransformer.state_dict()` by name, float32, but for its masks."""
    config = run.config
    tensors = {name: np.asarray(x) for name, x in named_leaves(run.model).items()}
    biases = {"unembed.b_U": (sum(run.dataset.widths),)}
    for i in range(config.n_layers):
        biases |= {f"blocks.{i}.attn.b_{x}": (config.n_heads, config.d_head) for x in "QKV"}
        biases |= {f"blocks.{i}.{x}": (config.d_model,) for x in ("attn.b_O", "mlp.b_out")} | {f"blocks.{i}.mlp.b_in": (config.d_mlp,)}
    return tensors | {name: np.zeros(shape, np.float32) for name, shape in biases.items()}


def export(run: Run, path: Path) -> str:
    """Write `weights` with `settings` in the metadata to `path`; returns the lines of Python that build the network from it.

    Raises `CheckpointError` as `settings` does, `OSError` where it cannot write.
    """
    data = to_bytes(weights(run), {"settings": json.dumps(settings(run))})
    with atomic_write(path) as file:
        file.write(data)
    row, task = int(run.dataset.valid_idx[-1]), len(run.dataset.widths) - 1
    return RECIPE.format(
        path=path.as_posix(), example=run.dataset.tokens[row].tolist(), meaning=f"example {row}, held out", widths=list(run.dataset.widths),
        expected=f"{run.dataset.task_names[task]}: {run.dataset.labels[row, task]}",
    )  # fmt: skip

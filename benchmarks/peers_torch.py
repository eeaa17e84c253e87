"""The other side of `benchmarks.peers`: TransformerLens and auto-circuit, in an interpreter that has them and nothing of ours.

    build/peers/bin/python benchmarks/peers_torch.py WEIGHTS INPUTS OUT

WEIGHTS is what `python -m src.export` wrote. INPUTS has `tokens`, the `labels` of one task, where its classes are (`start`, `width`), and
for each input its `partner`, from which a cut edge takes its activation. OUT gets logits, activations by hook name, and edges' scores.
"""

import json
import sys

# ruff: noqa: E402
import numpy as np
import torch
import transformer_lens
from transformer_lens.cache.key_value_cache import TransformerLensKeyValueCache

# auto-circuit 1.0.1 knows this class by the name and the place that it had in TransformerLens 2.
transformer_lens.HookedTransformerKeyValueCache = TransformerLensKeyValueCache
sys.modules["transformer_lens.past_key_value_caching"] = transformer_lens  # pyright: ignore

from auto_circuit.data import PromptDataLoader, PromptDataset
from auto_circuit.prune_algos.mask_gradient import mask_gradient_prune_scores
from auto_circuit.utils.graph_utils import patchable_model
from safetensors import safe_open
from transformer_lens import HookedTransformer, HookedTransformerConfig


def load(path: str) -> HookedTransformer:
    """The network of an exported file, by the lines that the export prints."""
    with safe_open(path, "pt") as file:
        settings = json.loads(file.metadata()["settings"])
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    model = HookedTransformer(HookedTransformerConfig(**settings, device="cpu"))
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert not unexpected and all(name.endswith(("mask", "IGNORE")) for name in missing), (missing, unexpected)
    return model


def edge_scores(model: HookedTransformer, data: dict[str, np.ndarray]) -> dict[str, float]:
    """Edges by our names with their scores by edge attribution patching: resample ablation, difference of logits. Theirs are one for each
    position, of which only the last is read; those at the others have the score 0, and a name has the sum."""
    for switch in (model.set_use_split_qkv_input, model.set_use_hook_mlp_in, model.set_use_attn_result):
        switch(True)
    tokens, labels, start, width = (torch.as_tensor(data[name]) for name in ("tokens", "labels", "start", "width"))
    other = torch.stack([start + torch.tensor([c for c in range(int(width)) if c != label]) for label in labels])
    prompts = PromptDataset(tokens, tokens[torch.as_tensor(data["partner"])], list((start + labels)[:, None]), list(other))
    length = tokens.shape[1]
    loader = PromptDataLoader(prompts, seq_len=length, diverge_idx=0, batch_size=len(tokens), shuffle=False)
    patched = patchable_model(model, factorized=True, slice_output="last_seq", seq_len=length, separate_qkv=True)
    scores = mask_gradient_prune_scores(patched, loader, None, grad_function="logit", answer_function="avg_diff", mask_val=0.0)
    places = [*(f"x{i}" for i in range(length - 1)), "="]

    def ours(name: str, place: int) -> str:
        if name == "Resid Start":
            return places[place]
        if name in ("MLP 0", "Resid End"):
            return {"MLP 0": "mlp", "Resid End": "logits"}[name]
        _, head, *port = name.split(".")
        return f"h{head}" + (f".{port[0].lower()}" if port else "")

    total: dict[str, float] = {}
    for edge in patched.edges:
        name = f"{ours(edge.src.name, edge.seq_idx)} -> {ours(edge.dest.name, edge.seq_idx)}"
        total[name] = total.get(name, 0.0) + float(scores[edge.dest.module_name][edge.patch_idx])
    return total


def main(weights: str, inputs: str, out: str) -> None:
    data = dict(np.load(inputs))
    model = load(weights)
    with torch.no_grad():
        logits, cache = model.run_with_cache(torch.as_tensor(data["tokens"]))
    found = {name: cache[name].numpy() for name in ("blocks.0.mlp.hook_post", "blocks.0.attn.hook_pattern", "blocks.0.attn.hook_z")}
    edges, scores = zip(*edge_scores(model, data).items(), strict=True)
    np.savez(out, logits=logits[:, -1].numpy(), edges=np.asarray(edges), scores=np.abs(np.asarray(scores)), **found)


if __name__ == "__main__":
    main(*sys.argv[1:])

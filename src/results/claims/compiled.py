"""Automatic circuit discovery on compiled networks, whose circuit is known: does every method find it? And beside the field's own tools."""

from ...circuits.discovery import METHODS
from ...circuits.graph import ABLATIONS
from ..published import PUBLISHED
from ..registry import arrays
from .claim import Claims, Form, at_least, fraction

claims = Claims("circuits")
_SAME = {
    "logits": ("logits", "TransformerLens: largest difference of a logit"),
    "activations": ("hook_post", "TransformerLens: largest difference of a neuron's activation"),
    "attention": ("hook_pattern", "TransformerLens: largest difference of an attention weight"),
    "scores": ("scores", "auto-circuit: largest difference of an edge's EAP score"),
    "largest-score": ("largest_score", "auto-circuit: the largest EAP score, beside which that difference is to be seen"),
}


@claims.add(
    "compiled.{ablation}.{method}.{grain}",
    lambda ablation, method, grain: f"{ablation} ablation, {method}: AUROC of {grain} over "
                                    f"{len(arrays('circuits-compiled')['cases'])} compiled networks",
    form=fraction(), goal=lambda method, **_: at_least(1) if method == "exhaustive" else None,
    over={"ablation": ABLATIONS, "method": METHODS, "grain": ("edges", "nodes")}, why="cutting one edge at a time misses a true edge",
)  # fmt: skip
def auroc(ablation, method, grain):
    return arrays("circuits-compiled")[grain][:, ABLATIONS.index(ablation), list(METHODS).index(method)]


@claims.add(
    "compiled.{ablation}.exhaustive.edges-permuted", "{ablation} ablation, control, weights permuted: AUROC of edges, exhaustive",
    form=fraction(), over={"ablation": ABLATIONS},
)  # fmt: skip
def auroc_with_weights_permuted(ablation):
    return arrays("circuits-compiled")["reset"][:, ABLATIONS.index(ablation)]


@claims.add(
    "compiled.{case}.{ablation}.acdc", "{case}, {ablation} ablation: AUROC of edges, acdc", form=fraction(),
    anchor=lambda **key: f"{PUBLISHED[key['case'], key['ablation']]} (other weights)", goal=at_least(1),
    over=[{"case": case, "ablation": ablation} for case, ablation in PUBLISHED], why="acdc scores a false edge as high as a true one",
)  # fmt: skip
def auroc_beside_published(case, ablation):
    a = arrays("circuits-compiled")
    return a["edges"][a["cases"].tolist().index(case), ABLATIONS.index(ablation), list(METHODS).index("acdc")]


@claims.add(
    "peers.{what}", lambda what: f"the same network in {_SAME[what][1]}", form=Form(".2g", 0), kind="measured", over={"what": _SAME}
)  # fmt: skip
def peers(what):
    return float(arrays("peers")[_SAME[what][0]])

"""Nanda et al. 2023 (arXiv 2301.05217), number for number, on our replica; and clock or pizza (Zhong et al. 2023, arXiv 2306.17844)."""

from collections.abc import Iterator

import numpy as np

from ...studies.addition import LABELLED
from ...studies.course import lead, turns
from ..evidence import clocks_and_pizzas
from ..grids import DECAYS
from ..registry import arrays
from .claim import CORRELATION, COUNT, RATIO, Claims, Form, at_least, at_most, between, exactly, share

claims = Claims("addition")

CHANGE = Form("+.0%", -1)  # of a loss, which is never negative
PHASES = {"memorisation": "1,400", "circuit formation": "9,400", "clean-up": "14,000"}  # and the step at which the anchor's ends
CLOCK_OR_PIZZA = {"gradient symmetricity": "clock .33, pizza .99", "distance irrelevance": "clock .85, pizza .17"}


@claims.add("wrong-cells", "wrong cells of 12,769", form=COUNT, anchor="0", goal=exactly(0))
def wrong_cells():
    return arrays("addition-analysis")["cells_wrong"]


@claims.add(
    "loss", "loss over all pairs (nats)", form=Form(".2e", 0), anchor="2.4e-7", goal=at_most(1e-6),
    why="likely the shorter training: the anchor has 40,000 epochs, we 20,000",
)  # fmt: skip
def loss():
    return arrays("addition-analysis")["loss"]


@claims.add("key-frequencies", "key frequencies", form=COUNT, anchor="5 (3 to 5 in other seeds)", goal=between(3, 5))
def key_frequencies():
    return (arrays("addition-analysis")["key"] > 0).sum(axis=1)


@claims.add(
    "logits.cosine-sum", "logits explained by the sum of cosines of w(a + b - c)", form=share(), anchor="95%", goal=at_least(0.99),
    why="part of the rest lies on the same sums with amplitudes and phases off the ideal, part at doubled frequencies; "
        "it is not broken down further here",
)  # fmt: skip
def logits_explained():
    return arrays("addition-analysis")["logit_fve"]


@claims.add(
    "neuron-logit-map.norm-outside", "Frobenius norm of W_L outside the key output directions, over its norm", form=share(2),
    anchor="< 0.55%", goal=at_most(0.0055), why="if the anchor counts squares, as the share of W_L's power does, the two agree",
)  # fmt: skip
def norm_outside():
    return arrays("addition-analysis")["W_L_residual"]


@claims.add(
    "neuron-logit-map.power-outside", "share of W_L's power outside the key output directions", form=share(2), anchor="< 0.55%",
    goal=at_most(0.0055), why="not broken down further",
)  # fmt: skip
def power_outside():
    return arrays("addition-analysis")["W_L_residual"] ** 2


@claims.add(
    "mlp-projection.worst-direction", "MLP projection explained by its wave, worst direction", form=share(), anchor="93.2% to 98.2%",
    goal=at_least(0.93), why="likely a weak key frequency, which few neurons serve",
)  # fmt: skip
def worst_direction():
    return [d[d >= 0].min() for d in arrays("addition-analysis")["direction_fve"]]  # seeds with fewer directions are padded with -1


def _labelled(field: str) -> np.ndarray:
    """Share of the live neurons that one frequency explains."""
    a = arrays("addition-analysis")
    return ((a[field] >= LABELLED) & ~a["neuron_dead"]).sum(axis=1) / (~a["neuron_dead"]).sum(axis=1)


@claims.add(
    "neurons.labelled", "live neurons with a frequency (polynomials of degree 2 explain 85%)", form=share(), anchor="84.6% (433 of 512)",
    goal=at_least(0.846), why="in one seed many neurons mix frequencies; elsewhere the others are linear",
)  # fmt: skip
def labelled_neurons():
    return _labelled("neuron_fve_degree_two")


@claims.add(
    "neurons.labelled-by-family", "live neurons with a frequency by the released code's 8-dimensional family (it explains 85%)",
    form=share(), anchor="84.6%", goal=at_least(0.846),
    why="the family has no doubled frequency on one digit alone, which neurons that are mostly on need",
)  # fmt: skip
def labelled_by_family():
    return _labelled("neuron_fve")


@claims.add("neurons.linear", "neurons without a frequency that are linear (on for 95% of inputs)", form=COUNT, anchor="part of 79")
def linear_neurons():
    return arrays("addition-analysis")["neuron_linear"].sum(axis=1)


@claims.add("neurons.mixed", "neurons without a frequency that the key frequencies together explain (85%)", form=COUNT, anchor="part of 79")
def mixed_neurons():
    return arrays("addition-analysis")["neuron_mixed"].sum(axis=1)


@claims.add(
    "neurons.unexplained", "live neurons without a frequency that are neither linear nor mixed", form=COUNT, anchor="part of 79",
    goal=exactly(0), why="they miss the threshold for mixed neurons by little; mean-ablating them together shows what they do to the loss",
)  # fmt: skip
def unexplained_neurons():
    a = arrays("addition-analysis")
    explained = a["neuron_dead"] | (a["neuron_fve_degree_two"] >= LABELLED) | a["neuron_linear"] | a["neuron_mixed"]
    return (~explained).sum(axis=1)


@claims.add(
    "loss-change.polynomials", "change of the loss, labelled neurons replaced by their polynomials", form=CHANGE, anchor="+3%",
    goal=at_most(0.03),
    why="in one seed; what the polynomials leave out there is small beside the neurons, but not beside a loss of this size",
)  # fmt: skip
def polynomials_for_neurons():
    return arrays("addition-analysis")["polynomial_change"]


@claims.add(
    "loss-change.restricted", "change of the loss, only cos and sin of w(a + b) kept", form=CHANGE, anchor="-77%",
)  # fmt: skip
def restricted_to_key_directions():
    return arrays("addition-analysis")["restricted_change"]


def _removals() -> Iterator[tuple[np.ndarray, np.ndarray, float]]:
    """For each seed: the loss with each frequency removed, which of them are key, and the loss with none removed."""
    a = arrays("addition-analysis")
    key = [np.isin(np.arange(1, a["removed"].shape[1] + 1), k) for k in a["key"]]
    return zip(a["removed"], key, a["loss"], strict=True)


@claims.add("frequency-removed.mildest", "loss with one key frequency removed, mildest", form=Form(".1e", 0), anchor="2.0e-4")
def mildest_removal():
    return [removed[key].min() for removed, key, _ in _removals()]


@claims.add("frequency-removed.worst", "loss with one key frequency removed, worst", form=Form(".1e", 0), anchor="2.4e-2")
def worst_removal():
    return [removed[key].max() for removed, key, _ in _removals()]


@claims.add(
    "frequency-removed.control", "control: largest rise of the loss when a frequency that is not key is removed", form=CHANGE,
    goal=at_most(1.0), why="a frequency just below our threshold for a key frequency",
)  # fmt: skip
def removal_of_another():
    return [(removed / loss)[~key].max() - 1 for removed, key, loss in _removals()]


@claims.add(
    "phases.{phase}", "end of {phase} (step)", form=COUNT, anchor=lambda phase: PHASES[phase], kind="measured", over={"phase": PHASES}
)
def end_of_phase(phase: str):
    name = {"circuit formation": "formation", "clean-up": "clean_up"}.get(phase, phase)
    return [turn[name] for turn in turns(arrays("addition-progress"))]


@claims.add(
    "phases.restricted-loss-leads", "steps from the halving of the restricted loss to that of the held-out loss", form=Form(",.0f"),
    goal=at_least(1), kind="measured", why="in this seed the restricted loss does not lead",
)  # fmt: skip
def restricted_loss_leads():
    return lead(arrays("addition-progress"))


@claims.add("steps.adamw", "steps to 99% held out, AdamW", form=COUNT, anchor="about 14,000", kind="measured")
def steps_adamw():
    return arrays("addition-optimisers")["steps_to_generalise"][0]


@claims.add(
    "accuracy.grokfast", "held-out accuracy after 7,000 steps, AdamW + GrokFast", form=share(), goal=at_least(0.99), kind="measured",
    why="with its published settings (alpha .98, lambda 2) GrokFast does not speed up this replica",
)  # fmt: skip
def accuracy_grokfast():
    return arrays("addition-optimisers")["valid_accuracy"][1]


@claims.add("steps.muon", "steps to 99% held out, Muon", form=COUNT, kind="measured")
def steps_muon():
    return arrays("addition-optimisers")["steps_to_generalise"][2]


@claims.add("steps.saving", "Muon's saving in steps over AdamW, same seed", form=Form(".1f", 0), kind="measured")
def saving_by_muon():
    steps = arrays("addition-optimisers")["steps_to_generalise"]
    return steps[0] / steps[2]


_DECAYS = [{"lr": config.lr, "decay": config.weight_decay, "row": i} for i, config in enumerate(DECAYS)]


@claims.add(
    "steps.adamw.lr-{lr:g}.decay-{decay:g}",
    f"steps to 99% held out, AdamW at learning rate {{lr:g}} and weight decay {{decay:g}}, of {DECAYS[0].steps:,} (inf: never)",
    form=COUNT, kind="measured", over=_DECAYS,
)  # fmt: skip
def steps_adamw_decays(lr: float, decay: float, row: int):
    found = arrays("addition-decays")["steps_to_generalise"][row]
    return np.where(found < 0, np.inf, found)


@claims.add("frequencies-in-use.adamw", "AdamW: frequencies with 95% of the cosine sum's power", form=COUNT, anchor="5")
def frequencies_adamw():
    return arrays("addition-analysis")["frequencies_95"]


@claims.add(
    "frequencies-in-use.muon", "Muon: frequencies of 56 with 95% of the cosine sum's power, which explains less than half", form=COUNT
)
def frequencies_muon():
    return arrays("addition-muon-analysis")["frequencies_95"]


@claims.add(
    "muon.logits.cosine-sum", "Muon: logits explained by the cosine sum of all frequencies; the rest has no account here", form=share()
)
def logits_explained_muon():
    return arrays("addition-muon-analysis")["logit_fve_all"]


@claims.add("muon.neurons.labelled", "Muon: neurons with a frequency (polynomials of degree 2 explain 85%)", form=share())
def labelled_neurons_muon():
    return (arrays("addition-muon-analysis")["neuron_fve_degree_two"] >= LABELLED).mean(axis=1)


@claims.add("muon.wrong-cells", "Muon: wrong cells of 12,769", form=COUNT)
def wrong_cells_muon():
    return arrays("addition-muon-analysis")["cells_wrong"]


@claims.add(
    "{optimiser}.{block}.{measure}", "{measure}, {optimiser}, {block}", form=CORRELATION,
    anchor=lambda measure, **_: CLOCK_OR_PIZZA[measure], kind=lambda block, **_: "recomputed" if block == "standard" else "measured",
    over={"block": ("standard", "simplified"), "optimiser": ("AdamW", "Muon"), "measure": CLOCK_OR_PIZZA},
)  # fmt: skip
def clock_or_pizza(block, optimiser, measure):
    return clocks_and_pizzas()[f"{optimiser}, {block}"][measure.replace(" ", "_")]


@claims.add(
    "null.accuracy", "null, shuffled labels: held-out accuracy", form=share(2), anchor="0.88% is chance", goal=between(0, 3 * (1 / 113)),
    kind="measured",
)  # fmt: skip
def null_accuracy():
    return arrays("addition-null")["valid_accuracy"][0]


@claims.add("null.logits.cosine-sum", "null: logits explained by its best cosine sum", form=share(), goal=at_most(0.05), kind="measured")
def null_logits():
    return arrays("addition-null")["logit_fve"][0]


@claims.add("null.neurons.labelled", "null: neurons with a frequency", form=share(), goal=at_most(0.05), kind="measured")
def null_neurons():
    return (arrays("addition-null")["neuron_fve_degree_two"][0] >= LABELLED).mean(axis=1)


@claims.add(
    "neurons.unexplained-ablated", "rise of the loss when the neurons neither labelled, linear nor mixed are mean-ablated together",
    form=Form("+.1%", -1), goal=between(-0.01, 0.01), why="in one seed the two such neurons take part in the computation",
)  # fmt: skip
def unexplained_ablated():
    return arrays("addition-analysis")["unexplained_change"]


@claims.add(
    "loss-change.restricted-products", "change of the loss, all products of the waves of both digits kept: the other reading ('20 terms')",
    form=CHANGE, anchor="-77%",
)  # fmt: skip
def restricted_to_products():
    return arrays("addition-analysis")["restricted_blocks_change"]


@claims.add(
    "loss-change.family", "change of the loss, labelled neurons replaced by their fits in the released code's 8-dimensional family",
    form=CHANGE, anchor="+3%",
)  # fmt: skip
def family_for_neurons():
    return arrays("addition-analysis")["family_change"]


def _at_the_end(measure: str) -> np.ndarray:
    """A progress measure over the loss on the same split, at the last step."""
    course = arrays("addition-progress")
    return course[measure][:, -1] / course[f"loss_{measure.rsplit('_', 1)[1]}"][:, -1]


@claims.add(
    "last-step.restricted", "restricted loss on held-out pairs only, over the loss there, last step", form=RATIO, kind="measured"
)  # fmt: skip
def restricted_at_the_end():
    return _at_the_end("restricted_valid")


@claims.add(
    "last-step.excluded", "excluded loss (sum directions, training pairs) over the training loss, last step", form=COUNT, kind="measured"
)
def excluded_at_the_end():
    return _at_the_end("excluded_train")


@claims.add(
    "last-step.excluded-products", "excluded loss (all products, training pairs) over the training loss, last step", form=COUNT,
    kind="measured",
)  # fmt: skip
def products_excluded_at_the_end():
    return _at_the_end("excluded_blocks_train")


@claims.add(
    "last-step.excluded-all-pairs", "excluded loss (sum directions, all pairs) over the loss on all pairs, last step", form=COUNT,
    kind="measured",
)  # fmt: skip
def excluded_over_all_pairs_at_the_end():
    return _at_the_end("excluded_all")

"""Nanda et al. 2023 (arXiv 2301.05217), number for number, on our replica; and Zhong et al. 2023 (arXiv 2306.17844)."""

import numpy as np

from ...lens.progress import phases
from ...studies.addition import LABELLED, analyse_all
from ...studies.arrays import Arrays
from ..evidence import seeds_of
from ..measure import measure, recorded
from . import Claim, claim

OPTIMISERS = ("AdamW", "AdamW + GrokFast", "Muon")


def analysis(run: str = "addition") -> Arrays:
    """`analyse` of every committed seed: arrays (seeds, ...)."""
    return measure(f"{run}-analysis", analyse_all, seeds_of(run))


def all_networks() -> dict[str, Arrays]:
    """Clock or pizza for both optimisers and both blocks: by name, arrays (seeds,)."""
    a, muon, blocks = analysis(), analysis("addition-muon"), recorded("addition-blocks")
    simplified = [{name: blocks[name][i] for name in ("gradient_symmetricity", "distance_irrelevance")} for i in (0, 1)]
    return {"AdamW, standard": a, "Muon, standard": muon, "AdamW, simplified": simplified[0], "Muon, simplified": simplified[1]}


def turns(course: Arrays) -> list[dict[str, float]]:
    """The phases of every seed."""
    keys = zip(course["step"], course["loss_valid"], course["excluded_train"], strict=True)
    return [phases(step, valid, excluded) for step, valid, excluded in keys]


def lead(course: Arrays) -> np.ndarray:
    """Steps by which the restricted loss halves before the held-out loss has halved from its peak, for each seed."""
    out = []
    for step, restricted, turn in zip(course["step"], course["restricted_all"], turns(course), strict=True):
        out.append(turn["formation"] - step[np.flatnonzero(restricted < restricted[0] / 2)[0]])
    return np.asarray(out)


def rows() -> list[Claim]:
    """Every line of the anchor's tables, in the order of the paper."""
    a, muon, course = analysis(), analysis("addition-muon"), recorded("addition-progress")
    optimisers, null = recorded("addition-optimisers"), recorded("addition-null")
    key = [k[k > 0] for k in a["key"]]
    is_key = np.stack([np.isin(np.arange(1, a["removed"].shape[1] + 1), k) for k in key])
    removed = a["removed"] / a["loss"][:, None]
    live = ~a["neuron_dead"].astype(bool)
    labelled = ((a["neuron_fve_degree_two"] >= LABELLED) & live).sum(axis=1) / live.sum(axis=1)
    family = ((a["neuron_fve"] >= LABELLED) & live).sum(axis=1) / live.sum(axis=1)
    linear, mixed = a["neuron_linear"].astype(bool), a["neuron_mixed"].astype(bool)
    unexplained = (live & (a["neuron_fve_degree_two"] < LABELLED) & ~linear & ~mixed).sum(axis=1)
    direction = [d[d >= 0] for d in a["direction_fve"]]
    t = turns(course)
    out = [
        claim("A1", "wrong cells of 12,769", a["cells_wrong"], anchor="0", low=0, high=0, form=".0f"),
        claim("A2", "loss over all pairs (nats)", a["loss"], anchor="2.4e-7", high=1e-6, form=".2e",
              why="likely the shorter training: the anchor has 40,000 epochs, we 20,000"),
        claim("A3", "key frequencies", [len(k) for k in key], anchor="5 (3 to 5 in other seeds)", low=3, high=6, form=".0f"),
        claim("A4", "logits explained by the sum of cosines of w(a + b - c)", a["logit_fve"], anchor="95%", low=0.99, form=".1%",
              why="part of the rest lies on the same sums with amplitudes and phases off the ideal, part at doubled frequencies; it is not broken down further here"),
        claim("A5", "Frobenius norm of W_L outside the key output directions, over its norm", a["W_L_residual"], anchor="< 0.55%",
              high=0.0055, form=".2%", why="the same matrix in squares is in A6: if the anchor counts squares, the two agree"),
        claim("A6", "the same in squares: share of W_L's power outside", a["W_L_residual"] ** 2, anchor="< 0.55%", high=0.0055, form=".2%",
              why="not broken down further"),
        claim("A7", "MLP projection explained by its wave, worst direction", [d.min() for d in direction], anchor="93.2% to 98.2%", low=0.93,
              form=".1%", why="likely a weak key frequency, which few neurons serve"),
        claim("A8", "live neurons with a frequency (polynomials of degree 2 explain 85%)", labelled, anchor="84.6% (433 of 512)", low=0.846,
              form=".1%", why="in one seed many neurons mix frequencies (A11); elsewhere the others are linear (A10)"),
        claim("A9", "the same with the released code's 8-dimensional family", family, anchor="84.6%", low=0.846, form=".1%",
              why="the family has no doubled frequency on one digit alone, which neurons that are mostly on need"),
        claim("A10", "neurons without a frequency that are linear (on for 95% of inputs)", linear.sum(axis=1), anchor="part of 79", form=".0f"),
        claim("A11", "neurons without one that the key frequencies together explain (85%)", mixed.sum(axis=1), anchor="part of 79", form=".0f"),
        claim("A12", "neurons that none of this accounts for", unexplained, anchor="part of 79", low=0, high=0, form=".0f",
              why="they miss the threshold for mixed neurons by little; A41 has their joint effect"),
        claim("A13", "change of the loss, labelled neurons replaced by their polynomials", a["polynomial_change"], anchor="+3%", high=0.03,
              form="+.0%", why="in one seed; what the polynomials leave out there is small beside the neurons, but not beside a loss of this size"),
        claim("A14", "change of the loss, only cos and sin of w(a + b) kept", a["restricted_change"], anchor="-77%", high=-0.05, form="+.0%",
              why="keeping the key directions does not lower this loss"),
        claim("A15", "loss with one key frequency removed, mildest", [r[m].min() for r, m in zip(a["removed"], is_key, strict=True)],
              anchor="2.0e-4", low=1e-5, form=".1e", why="this frequency is weak"),
        claim("A16", "the same, worst", [r[m].max() for r, m in zip(a["removed"], is_key, strict=True)], anchor="2.4e-2", low=1e-3, form=".1e"),
        claim("A17", "control: largest rise when another frequency is removed", [r[~m].max() - 1 for r, m in zip(removed, is_key, strict=True)],
              high=1.0, form="+.0%", why="a frequency just below our threshold for a key frequency"),
        claim("A18", "end of memorisation (step)", [x["memorisation"] for x in t], anchor="1,400", form=",.0f", kind="measured"),
        claim("A19", "end of circuit formation (step)", [x["formation"] for x in t], anchor="9,400", form=",.0f", kind="measured"),
        claim("A20", "end of clean-up (step)", [x["clean_up"] for x in t], anchor="14,000", form=",.0f", kind="measured"),
        claim("A21", "steps from the halving of the restricted loss to that of the held-out loss", lead(course), low=1, form=",.0f",
              kind="measured", why="in this seed the restricted loss does not lead"),
    ]  # fmt: skip
    steps = optimisers["steps_to_generalise"]
    out += [
        claim("A22", "steps to 99% held out, AdamW", steps[0], anchor="about 14,000", form=",.0f", kind="measured"),
        claim("A23", "held-out accuracy after 7,000 steps, AdamW + GrokFast", optimisers["valid_accuracy"][1], low=0.99, form=".1%", kind="measured",
              why="with its published settings (alpha .98, lambda 2) GrokFast does not speed up this replica"),
        claim("A24", "steps to 99% held out, Muon", steps[2], form=",.0f", kind="measured"),
    ]  # fmt: skip
    speed = steps[0] / steps[2]
    out += [
        claim("A25", "Muon's saving in steps over AdamW, same seed", speed, low=2, form=".1f", kind="measured"),
        claim("A26", "AdamW: frequencies with 95% of the cosine sum's power", a["frequencies_95"], anchor="5", form=".0f"),
        claim("A27", "Muon: the same", muon["frequencies_95"], form=".0f"),
        claim("A28", "Muon: logits explained by the cosine sum of all frequencies", muon["logit_fve_all"], form=".1%"),
        claim("A29", "Muon: wrong cells of 12,769", muon["cells_wrong"], form=".0f"),
    ]
    for i, (name, x) in enumerate(all_networks().items()):
        kind = "recomputed" if "standard" in name else "measured"
        out.append(
            claim(
                f"A{30 + 2 * i}",
                f"gradient symmetricity, {name}",
                x["gradient_symmetricity"],
                anchor="clock .33, pizza .99",
                form=".2f",
                kind=kind,
            )
        )
        out.append(
            claim(
                f"A{31 + 2 * i}",
                f"distance irrelevance, {name}",
                x["distance_irrelevance"],
                anchor="clock .85, pizza .17",
                form=".2f",
                kind=kind,
            )
        )
    chance = 1 / 113
    out += [
        claim("A38", "null, shuffled labels: held-out accuracy", null["valid_accuracy"][0], low=0, high=3 * chance, form=".2%",
              anchor="0.88% is chance", kind="measured"),
        claim("A39", "null: logits explained by its best cosine sum", null["logit_fve"][0], high=0.05, form=".1%", kind="measured"),
        claim("A40", "null: neurons with a frequency", (null["neuron_fve_degree_two"][0] >= LABELLED).mean(axis=1), high=0.05, form=".1%",
              kind="measured"),
    ]  # fmt: skip
    out.append(claim("A41", "rise of the loss when the neurons of A12 are mean-ablated together", a["unexplained_change"], low=-0.01, high=0.01, form="+.1%",
                     why="in one seed the two neurons of A12 take part in the computation"))  # fmt: skip
    final = lambda name: course[name][:, -1] / course[f"loss_{name.rsplit('_', 1)[1]}"][:, -1]  # noqa: E731
    out += [
        claim("A42", "A14 by its other reading: all products of the waves of both digits kept ('20 terms')", a["restricted_blocks_change"],
              anchor="-77%", form="+.0%"),
        claim("A43", "A13 with the released code's 8-dimensional family", a["family_change"], anchor="+3%", form="+.0%"),
        claim("A44", "restricted loss on held-out pairs only, over the loss there, last step",
              final("restricted_valid"), form=".2f", kind="measured"),
        claim("A45", "excluded loss (sum directions, training pairs) over the training loss, last step", final("excluded_train"), form=",.0f",
              kind="measured"),
        claim("A46", "the same, all products excluded", final("excluded_blocks_train"), form=",.0f", kind="measured"),
        claim("A47", "the same, sum directions, all pairs", final("excluded_all"), form=",.0f", kind="measured"),
    ]  # fmt: skip
    return out

"""The figures' room: a function from a result to a matplotlib Figure for every picture of the paper, the deck and the gallery.

May import `numbers` to `results`, but not `results.claims`. Start with `style`, then `basics`; `entries` lists all with the results they
are of, and `gallery` draws them.

    fig = fig_learning(load_run("paper"), target="slide")

`target` decides the size: "paper" is a column of the page, "slide" a 16:9 slide, "web" a narrow column that is legible on a phone.
"""

from .addition import fig_clock_pizza, fig_cosine_cube, fig_course, fig_measures, fig_neurons, fig_optimisers, fig_removal
from .algorithm import fig_causal, fig_clears, fig_foretold, fig_formation, fig_harmonics, fig_ladder, fig_letters, fig_phases, fig_race
from .basics import attention_from_readout, fig_attention, fig_decades, fig_learning, fig_primes_polar, fig_spectrum
from .circuits import fig_circuit, fig_circuit_curves, fig_circuit_overlap, fig_circuit_sizes
from .entries import GALLERY, PARTS, Entry
from .gallery import calls, places, save_gallery
from .integers import fig_factors_found, fig_hypotheses, fig_law, fig_miu, fig_sequences, fig_sparse
from .mechanism import fig_cancellation, fig_mechanism
from .residues import REMOVAL, fig_bases, fig_dissociation, fig_margins, fig_neuron, fig_order, fig_spike
from .scale import fig_certificate, fig_coincidence, fig_compute, fig_factors, fig_growth, fig_over_p, fig_plane, fig_usage
from .style import WIDTH, Target

__all__ = [
    "GALLERY", "PARTS", "REMOVAL", "WIDTH", "Entry", "Target", "attention_from_readout", "calls", "fig_attention", "fig_bases",
    "fig_cancellation", "fig_causal", "fig_certificate", "fig_circuit", "fig_circuit_curves", "fig_circuit_overlap",
    "fig_circuit_sizes", "fig_clears", "fig_clock_pizza", "fig_coincidence", "fig_compute", "fig_cosine_cube", "fig_course",
    "fig_decades", "fig_dissociation", "fig_factors", "fig_factors_found", "fig_foretold", "fig_formation", "fig_growth",
    "fig_harmonics", "fig_hypotheses", "fig_ladder", "fig_law", "fig_learning", "fig_letters", "fig_margins", "fig_measures",
    "fig_mechanism", "fig_miu", "fig_neuron", "fig_neurons", "fig_optimisers", "fig_order", "fig_over_p", "fig_phases", "fig_plane",
    "fig_primes_polar", "fig_race", "fig_removal", "fig_sequences", "fig_sparse", "fig_spectrum", "fig_spike", "fig_usage", "places",
    "save_gallery",
]  # fmt: skip

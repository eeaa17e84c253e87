"""Every figure of the paper, the deck and the gallery: a function from a result to a matplotlib Figure.

    fig = fig_learning(load_run("paper"), target="slide")

`target` decides the size alone: "paper" is a column of the page, "slide" a 16:9 slide.
"""

from src.figures.addition import (
    fig_clock_pizza,
    fig_cosine_cube,
    fig_course,
    fig_measures,
    fig_neurons,
    fig_optimisers,
    fig_removal,
)  # fmt: skip
from src.figures.basics import attention_from_readout, fig_attention, fig_decades, fig_learning, fig_primes_polar, fig_spectrum
from src.figures.gallery import GALLERY, Entry, save_gallery
from src.figures.residues import fig_bases, fig_dissociation, fig_margins, fig_neuron, fig_order, fig_phases, fig_spike
from src.figures.style import WIDTH, Target

__all__ = [
    "GALLERY", "WIDTH", "Entry", "Target", "attention_from_readout", "fig_attention", "fig_bases", "fig_clock_pizza", "fig_cosine_cube",
    "fig_course", "fig_decades", "fig_dissociation", "fig_learning", "fig_margins", "fig_measures", "fig_neuron", "fig_neurons",
    "fig_optimisers", "fig_order", "fig_phases", "fig_primes_polar", "fig_removal", "fig_spectrum", "fig_spike", "save_gallery",
]  # fmt: skip

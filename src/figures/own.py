"""The figures that can be drawn of any one run: a researcher's own as well as ours."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from matplotlib.figure import Figure

from ..lens.progress import load_steps, progress
from ..network.runs import Run
from ..studies import addition
from ..studies.algorithm import extract
from ..studies.arrays import Arrays, stack
from ..studies.residues import analyse
from ..studies.shared import usage
from ..studies.torus import balance
from .addition import fig_cosine_cube, fig_course, fig_measures, fig_neurons, fig_removal
from .algorithm import fig_harmonics, fig_letters, fig_phases
from .basics import fig_attention, fig_learning, fig_spectrum
from .residues import fig_bases, fig_dissociation, fig_neuron, fig_order
from .style import Target


class Own(NamedTuple):
    """A figure of one run."""

    make: Callable[..., Figure]  # (run, target=...)
    about: str
    task: str = ""  # the only task that it is for; none: any


def _course(run: Run) -> Arrays:
    key = addition.key_frequencies(run)
    measured = progress(load_steps(run.folder), key)
    return stack([{**measured, "key": key}])


def _letters(run: Run, *, target: Target) -> Figure:
    neurons, p = extract(run), run.config.p
    return fig_letters({run.config.run: usage(neurons.q, neurons.k, p)[None]}, p, target=target)


def _of(draw: Callable[..., Figure], prepare: Callable[[Run], tuple]) -> Callable[..., Figure]:
    return lambda run, *, target: draw(*prepare(run), target=target)


OWN: dict[str, Own] = {
    "learning": Own(fig_learning, "accuracy of every task over training"),
    "attention": Own(fig_attention, "what '=' attends to, by head"),
    "spectrum": Own(_of(fig_spectrum, lambda run: ([run],)), "frequencies of the embedding"),
    "order": Own(_of(fig_order, lambda run: ({run.config.run: [run]},)), "when each task arrives", "residues"),
    "neuron": Own(fig_neuron, "what one neuron reads and writes", "residues"),
    "phases": Own(_of(fig_phases, lambda run: (extract(run),)), "the phases of all neurons", "residues"),
    "harmonics": Own(
        _of(fig_harmonics, lambda run: ({run.config.run: [balance(extract(run))]},)), "how well phases tile the torus", "residues"
    ),
    "letters": Own(_letters, "use of each single-digit frequency", "residues"),
    "bases": Own(
        _of(fig_bases, lambda run: ({run.config.run: stack([analyse(run)])},)),
        "neurons in three dictionaries; minutes at p = 113",
        "residues",
    ),
    "dissociation": Own(
        _of(fig_dissociation, lambda run: (stack([analyse(run)]), run.config.p)),
        "what each prime's neurons do to each task; minutes",
        "residues",
    ),
    "cosine-cube": Own(
        _of(fig_cosine_cube, lambda run: (run, addition.key_frequencies(run))), "the logits and the cosines that stand for them", "addition"
    ),
    "removal": Own(_of(fig_removal, lambda run: (stack([addition.analyse(run)]),)), "the loss without each frequency", "addition"),
    "neurons": Own(_of(fig_neurons, lambda run: (stack([addition.analyse(run)]),)), "neurons by frequency", "addition"),
    "course": Own(_of(fig_course, lambda run: (_course(run),)), "restricted and excluded loss over kept steps", "addition"),
    "measures": Own(_of(fig_measures, lambda run: (_course(run),)), "sparsity, weights and frequencies over kept steps", "addition"),
}


def draw(name: str, run: Run, target: Target = "paper") -> Figure:
    """A figure of a run. Raises `ValueError` naming those that there are, or the task that it is for."""
    if name not in OWN:
        raise ValueError(f"no figure {name!r} of one run; there are {', '.join(OWN)}")
    own = OWN[name]
    if own.task and run.config.task != own.task:
        raise ValueError(f"figure {name}: is of runs on {own.task}; this one's task is {run.config.task}")
    return partial(own.make, run)(target=target)

"""One style for every figure: sizes, colours, the decorator that puts them in force, and labels that stand beside what they name."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Literal

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from scipy.optimize import isotonic_regression

STYLE = Path(__file__).with_name("miiii.mplstyle")
Target = Literal["paper", "slide", "web"]
WIDTH = {"paper": 6.3, "slide": 9.0, "web": 4.6}  # inches
TYPE = {"paper": 1.0, "slide": WIDTH["slide"] / WIDTH["paper"], "web": 1.0}  # of the type in the style
GREY = "#767676"
PRIME, COMPOSITE = "#D55E00", "#76767640"
BLUE, GREEN, PINK, AMBER = "#0072B2", "#009E73", "#CC79A7", "#E69F00"
# The same for text, darker so that each has a contrast of 4.5 against white.
TEXT = {PRIME: "#C25600", GREEN: "#008762", PINK: "#A46187", AMBER: "#9D6D00"}
# From the page, whatever its colour, to ink: for shares, of which most are nothing. The other has a colour for each sign.
INK = LinearSegmentedColormap.from_list("ink", [f"{BLUE}00", BLUE])
GLOW = LinearSegmentedColormap.from_list("glow", [f"{PRIME}00", PRIME])
SIGNED = LinearSegmentedColormap.from_list("signed", [BLUE, f"{BLUE}00", f"{PRIME}00", PRIME])


def styled(make: Callable[..., Figure]) -> Callable[..., Figure]:
    """Draw in the project's style, with type scaled to the target; raises `ValueError` on an unknown target."""

    @wraps(make)
    def draw(*args, target: Target = "paper", **kwargs) -> Figure:
        if target not in WIDTH:
            raise ValueError(f"target={target!r}: must be one of {', '.join(WIDTH)}")
        with plt.style.context(STYLE):
            for key in ("font.size", "axes.titlesize", "axes.labelsize", "xtick.labelsize", "ytick.labelsize", "legend.fontsize"):
                plt.rcParams[key] *= TYPE[target]
            figure = make(*args, target=target, **kwargs)
            for text in figure.findobj(Text):
                if (colour := str(text.get_color())) in TEXT:
                    text.set_color(TEXT[colour])
            figure.draw_without_rendering()  # lays the figure out while the style is in force
        plt.close(figure)  # so that a notebook shows it once, as the cell's value
        return figure

    return draw


def writable(path: Path) -> Path:
    """The path of a picture to be written. Raises `ValueError` for a folder that is not there, or an ending that is no known format."""
    known = FigureCanvasBase.get_supported_filetypes()
    if not path.parent.is_dir():
        raise ValueError(f"--out {path}: there is no folder {path.parent}")
    if path.suffix[1:] not in known:
        raise ValueError(f"--out {path}: the ending says the format, one of {', '.join(known)}")
    return path


def _size(target: Target, height: float) -> tuple[float, float]:
    return WIDTH[target], height * TYPE[target]


def new_figure(target: Target, *, height: float, rows: int = 1, columns: int = 1, **kwargs) -> tuple[Figure, np.ndarray]:
    """A figure and its axes (rows, columns); `height` in inches is for the paper's width."""
    return plt.subplots(rows, columns, figsize=_size(target, height), squeeze=False, **kwargs)


def placed_figure(target: Target, *, height: float, places: dict[str, tuple[float, float, float, float]]) -> tuple[Figure, dict[str, Axes]]:
    """A figure whose axes stand at given places: left, bottom, width and height in inches, for type of the paper's size."""
    width, height = (side / TYPE[target] for side in _size(target, height))
    figure = plt.figure(figsize=(width * TYPE[target], height * TYPE[target]), layout="none")
    return figure, {name: figure.add_axes((a / width, b / height, w / width, h / height)) for name, (a, b, w, h) in places.items()}


def name_beside(
    ax: Axes, x: float, y: float, text: str, colour: str, *, right: bool = True, shift: tuple[float, float] = (4, 0), **kwargs
) -> None:
    """Write what a curve or a dot is beside a point of it (x, y), in its colour; `shift` in points."""
    place = dict(ha="left" if right else "right", va="center", xytext=(shift[0] if right else -shift[0], shift[1]))
    ax.annotate(text, (x, y), textcoords="offset points", color=colour, annotation_clip=False, **{**place, **kwargs})


def write_in_cell(ax: Axes, x: float, y: float, text: str, ink: float) -> None:
    """Write in a cell of a heat map in `INK` whose value is `ink` of 1: legible on any page."""
    halo = [withStroke(linewidth=1.5, foreground=BLUE)] if ink > 0.33 else []
    ax.text(x, y, text, ha="center", va="center", color="white" if ink > 0.33 else GREY, path_effects=halo)


def spread(values: np.ndarray, gap: float) -> np.ndarray:
    """Places for labels at `values` (N,), moved apart until any two are `gap` from each other; in their order, near where they were."""
    order, steps = np.argsort(values, kind="stable"), np.arange(len(values)) * gap
    out = np.empty(len(values))
    out[order] = isotonic_regression(np.asarray(values, float)[order] - steps).x + steps
    return out


def jittered(n: int, width: float) -> np.ndarray:
    """n places side by side about 0, (n,), at most `width` from end to end."""
    return np.linspace(-0.5, 0.5, n) * width if n > 1 else np.zeros(n)

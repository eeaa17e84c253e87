"""One style for every figure: sizes, colours and the decorator that puts them in force."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Literal

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.figure import Figure

STYLE = Path(__file__).with_name("miiii.mplstyle")
Target = Literal["paper", "slide"]
WIDTH = {"paper": 6.3, "slide": 9.0}  # inches
GREY = "#767676"
PRIME, COMPOSITE = "#D55E00", "#76767640"
BLUE, GREEN, PINK, AMBER = "#0072B2", "#009E73", "#CC79A7", "#E69F00"


def styled(make: Callable[..., Figure]) -> Callable[..., Figure]:
    """Draw in the project's style, with type scaled to the target; raises `ValueError` on an unknown target."""

    @wraps(make)
    def draw(*args, target: Target = "paper", **kwargs) -> Figure:
        if target not in WIDTH:
            raise ValueError(f"target={target!r}: must be one of {', '.join(WIDTH)}")
        with plt.style.context(STYLE):
            for key in ("font.size", "axes.titlesize", "axes.labelsize", "xtick.labelsize", "ytick.labelsize", "legend.fontsize"):
                plt.rcParams[key] *= WIDTH[target] / WIDTH["paper"]
            figure = make(*args, target=target, **kwargs)
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


def new_figure(target: Target, *, height: float, rows: int = 1, columns: int = 1, **kwargs) -> tuple[Figure, np.ndarray]:
    """A figure and its axes (rows, columns); `height` in inches is for the paper's width."""
    size = (WIDTH[target], height * WIDTH[target] / WIDTH["paper"])
    return plt.subplots(rows, columns, figsize=size, squeeze=False, **kwargs)

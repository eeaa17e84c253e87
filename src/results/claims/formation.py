"""How the algorithm forms over training, and what moves before held-out accuracy does."""

from ...studies.formation import MEASURES, lead, moves, reaches
from ..evidence import NULL_COURSE, courses
from .claim import COUNT, Claims, Form, at_least, at_most, fraction

claims = Claims("algorithm")
_COURSES = [{"where": where, "course": course} for where, course in (("p-53", "p = 53"), ("p-113", "p = 113"))]
_MEASURED = [{**given, "measure": measure} for given in _COURSES for measure in MEASURES]
_TEXTS = {
    "formula": "the closed formula's share of the logits", "balance": "phase balance", "one_digit": "the logits' share on one digit",
    "restricted": "restricted loss", "excluded": "excluded loss",
}  # fmt: skip
_WHY = {
    "excluded": "it falls first and rises then, so that a half of its way means little",
    "formula": "the kept steps are 50 apart there, and a smaller lead cannot be seen",
}


@claims.add(
    "formation.{where}.{measure}.lead",
    lambda where, course, measure: f"{course}: {_TEXTS[measure]} is half-way so many steps before held-out accuracy is",
    form=Form(",.0f"), goal=at_least(1), kind="measured", over=_MEASURED,
    why=lambda where, course, measure: _WHY.get(measure, ""),
)  # fmt: skip
def leads(where: str, course: str, measure: str):
    return lead(courses()[course], measure)


@claims.add(
    "formation.{where}.accuracy", "{course}: step at which held-out accuracy is half-way", form=COUNT, kind="measured", over=_COURSES
)
def half_way(where: str, course: str):
    return moves(courses()[course], "valid_accuracy")


@claims.add(
    "formation.{where}.formula", "{course}: the closed formula's share of the logits at the last step", form=fraction(), kind="measured",
    over=_COURSES,
)  # fmt: skip
def at_the_end(where: str, course: str):
    return courses()[course]["formula"][:, -1]


@claims.add(
    "formation.null.formula", "null, p = 53, labels permuted over the rows: the closed formula's share of the logits, most at any step",
    form=Form(".3f", high=1), goal=at_most(0.1), kind="measured",
)  # fmt: skip
def of_nothing():
    return courses()[NULL_COURSE]["formula"].max(axis=1)


_PARTLY = {"measure": ("balance", "one_digit")}


@claims.add(
    "formation.p-53.{measure}.step", lambda measure: f"p = 53: step at which {_TEXTS[measure]} is half-way", form=COUNT, kind="measured",
    over=_PARTLY,
)  # fmt: skip
def partly(measure: str):
    return moves(courses()["p = 53"], measure)


@claims.add(
    "formation.null.{measure}.step",
    lambda measure: f"null, p = 53, labels permuted: step at which {_TEXTS[measure]} has the value half-way of true labels (inf: never)",
    form=COUNT, kind="measured", over=_PARTLY,
)  # fmt: skip
def partly_of_nothing(measure: str):
    return reaches(courses()[NULL_COURSE], courses()["p = 53"], measure)

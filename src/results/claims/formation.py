"""How the algorithm forms over training, and what moves before held-out accuracy does."""

from ...studies.formation import MEASURES, lead, moves
from ..registry import arrays
from .claim import COUNT, Claims, Form

claims = Claims("algorithm")
COURSES = {"p-53": ("algorithm-formation", "p = 53, three seeds")}
_TEXTS = {
    "formula": "the closed formula's share of the logits", "balance": "phase balance", "one_digit": "the logits' share on one digit",
    "restricted": "restricted loss", "excluded": "excluded loss",
}  # fmt: skip
STEPS = Form(",.0f")


@claims.add(
    "formation.{course}.{measure}.lead",
    lambda course, measure: f"{COURSES[course][1]}: {_TEXTS[measure]} is half-way so many steps before held-out accuracy is",
    form=STEPS, kind="measured", over={"course": tuple(COURSES), "measure": MEASURES},
)  # fmt: skip
def leads(course: str, measure: str):
    return lead(arrays(COURSES[course][0]), measure)


@claims.add(
    "formation.{course}.accuracy", lambda course: f"{COURSES[course][1]}: step at which held-out accuracy is half-way", form=COUNT,
    kind="measured", over={"course": tuple(COURSES)},
)  # fmt: skip
def half_way(course: str):
    return moves(arrays(COURSES[course][0]), "valid_accuracy")

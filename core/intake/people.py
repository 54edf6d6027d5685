"""Fractions of people into whole people, once, keeping the total."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

People = NDArray[np.int32]


def whole_people(people: NDArray[np.float64], most: People | None = None) -> People:
    """Round so that the sum is the rounded sum: the largest remainders are rounded up.

    Of equal remainders the earlier row goes first, so that the same rows give the same numbers.

    Parameters
    ----------
    people
        Numbers of people, finite and at least 0.
    most
        The most that each row may have, such as all its residents for those aged 60 and over.
        Where the total does not fit below these, it becomes as large as fits.
    """
    limits = np.full(people.shape, np.inf) if most is None else most.astype(np.float64)
    whole = np.minimum(np.floor(people), limits)
    missing = int(min(round(float(people.sum())), limits.sum()) - whole.sum())
    remainder = people - whole
    while missing > 0:
        room = np.flatnonzero(whole < limits)
        order = room[np.argsort(-remainder[room], kind="stable")][:missing]
        whole[order] += 1
        remainder[order] -= 1
        missing -= order.size
    rounded: People = whole.astype(np.int32)
    return rounded


def whole_groups(homes: dict[str, NDArray[np.float64]]) -> dict[str, People]:
    """Round all people of homes, each age group within the one that holds it.

    60+ and 0-6 lie within a home's people and exclude each other; 65+ lies within 60+, 0-3
    within 0-6.
    """
    rounded = {"people": whole_people(homes["people"])}
    left = rounded["people"]
    for wide, narrow in (("60+", "65+"), ("0-6", "0-3")):
        within = left
        for group in (wide, narrow):
            name = f"people_{group}"
            if name in homes:
                rounded[name] = whole_people(homes[name], within)
                within = rounded[name]
        outer = next((rounded[f"people_{g}"] for g in (wide, narrow) if f"people_{g}" in homes), 0)
        left = (left - outer).astype(np.int32)
    return rounded

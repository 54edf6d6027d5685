from __future__ import annotations

import pytest

from core.contract import Window
from core.runs.hours import open_throughout

MORNING = Window(390, 510)


@pytest.mark.parametrize(
    ("hours", "answer"),
    [
        ("24/7", True),
        ("Mo-Su 06:00-10:00", True),
        ("06:30-08:30", True),
        ("06:31-08:30", False),
        ("06:30-08:29", False),
        ("06:00-07:00,07:30-10:00", False),
        ("Mo-Th 06:00-10:00", False),
        ("Sa-Su 06:00-10:00", False),
        ("Mo-Fr 06:00-10:00 unknown", None),
        ("", None),
        ("  ", None),
        ("早上六点到十点", None),
    ],
)
def test_open_means_the_whole_window_on_all_five_weekdays(hours, answer):
    assert open_throughout(hours, MORNING) is answer


def test_a_night_past_midnight_is_open_until_midnight():
    assert open_throughout("Mo-Su 20:00-02:00", Window(1320, 1440)) is True
    assert open_throughout("Mo-Su 20:00-23:30", Window(1320, 1440)) is False

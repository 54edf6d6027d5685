import pytest
from hypothesis import given
from hypothesis import strategies as st
from opening_hours import validate

from core.intake.hours import osm_hours


@pytest.mark.parametrize(
    ("written", "hours"),
    [
        ("", ""),
        ("Mo-Fr 08:00-18:00; PH off", "Mo-Fr 08:00-18:00; PH off"),
        ("07:00-22:00", "07:00-22:00"),
        ("7：00～22：00", "07:00-22:00"),
        ("7:00—22:00", "07:00-22:00"),
        ("8时至18时", "08:00-18:00"),
        ("早6点半-晚8点", "06:30-20:00"),
        ("早6点半-晚8", "06:30-20:00"),
        ("24小时", "24/7"),
        ("每天24小时营业", "24/7"),
        ("全天", "24/7"),
        ("周一至周五 8:00-18:00", "Mo-Fr 08:00-18:00"),
        ("周一至五8:30-17:30，周六 9:00-12:00", "Mo-Fr 08:30-17:30; Sa 09:00-12:00"),
        ("工作日9:00-17:00；周末10:00-16:00", "Mo-Fr 09:00-17:00; Sa-Su 10:00-16:00"),
        ("周一、周三 8:00-9:00", "Mo,We 08:00-09:00"),
        ("上午8:00-11:30、下午2:00-5:30", "08:00-11:30,14:00-17:30"),
        ("08:00-12:00 14:00-18:00", "08:00-12:00,14:00-18:00"),
        ("晚上7点-凌晨2点", "19:00-02:00"),
        ("夜间18:00-次日2:00", "18:00-02:00"),
        ("营业时间：06:00-20:00", "06:00-20:00"),
    ],
)
def test_usual_ways_of_writing_hours_are_read(written, hours):
    assert osm_hours(written) == hours


@pytest.mark.parametrize(
    "written", ["营业中", "看情况", "8:00-99:00", "13:61-15:00", "-", "早到晚", "8:00", "x" * 1000]
)
def test_what_cannot_be_read_is_not_guessed(written):
    assert osm_hours(written) is None


@given(st.text(alphabet="周一二日至到-:,、；早晚点半0123456789 上下午", max_size=25))
def test_whatever_comes_out_is_valid(written):
    hours = osm_hours(written)
    assert hours is None or hours == "" or validate(hours)

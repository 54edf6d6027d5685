"""Problems quote a stranger's file: what they quote has to fit a row and a page."""

from core.contract import Problem
from core.intake.found import Found, visible

ODD = "a\0b\ud800c\x1b"
SEEN = "a\ufffdb\ufffdc\ufffd"


def test_what_no_database_takes_is_marked_and_the_rest_stays():
    assert visible(ODD) == SEEN
    assert visible("第 2 行\t𠮷野家") == "第 2 行\t𠮷野家"


def test_problems_of_ours_and_of_an_importer_are_marked_alike():
    found = Found()
    found.add(2, ODD, "odd", ODD, ODD, value=ODD)
    found.take([Problem(row=2, column=ODD, code="odd", message=ODD, english=ODD, value=ODD)])
    for problem in found.problems:
        quoted = problem.column, problem.message, problem.english, problem.value
        assert quoted == (SEEN,) * 4
        "".join(quoted).encode()
        assert "\0" not in "".join(quoted)

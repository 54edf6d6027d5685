from tests.bench.machine import machine
from tests.bench.report import City, Demo, Piece, results, stage_text

MIB = 2**20


def test_stages_show_their_medians_in_the_order_of_the_job():
    times = [{"read": 1.0, "freeze": 0.5}, {"read": 3.0, "freeze": 0.1}, {"read": 2.0}]
    assert stage_text(times) == "read 2.00, freeze 0.30"


def test_a_report_names_the_machine_every_piece_and_the_largest_process():
    piece = Piece(
        name="import streets",
        stages=[{"read": 1.5}],
        work=[2.0],
        wall=[3.0],
        own=[100 * MIB],
        child=[70 * MIB],
        found="82 rows",
    )
    demo = Demo(
        seconds=12.34,
        together=900 * MIB,
        fair=600 * MIB,
        processes=17,
        by_kind={"web": 80 * MIB, "an importer's child": 150 * MIB},
        steps=["[1/7] servers … 1.0 s"],
    )
    text = results([("processor", "a slow one")], [City(name="Somewhere", pieces=[piece])], demo)
    assert "| processor | a slow one |" in text
    assert "## Somewhere" in text
    assert "| import streets | 82 rows | 2.00 | 3.00 | 100 | 70 |" in text
    assert "| import streets | read 1.50 |" in text
    assert "150 MiB (an importer's child)" in text
    assert "[1/7] servers … 1.0 s" in text
    assert "Not measured" not in text


def test_what_was_not_measured_says_so():
    assert "Not measured this time." in results([], [], None)


def test_the_machine_is_named():
    named = dict(machine())
    assert named["processor"]
    assert "GiB" in named["memory"]
    assert "numpy 2" in named["libraries"]
    assert named["revision"]

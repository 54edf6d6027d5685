import pytest

from tests.bench.parts import read_parts, write_part


def test_a_part_is_rewritten_and_the_other_kept(tmp_path):
    path = tmp_path / "RESULTS.md"
    write_part(path, "engine", "# Engine\n\nold")
    write_part(path, "main_job", "# Main job\n")
    write_part(path, "engine", "# Engine\n\nnew")
    text = path.read_text("utf-8")
    assert text.index("# Main job") < text.index("# Engine")
    assert "old" not in text
    assert read_parts(path) == {"main_job": "# Main job", "engine": "# Engine\n\nnew"}


def test_a_report_without_parts_is_the_main_jobs(tmp_path):
    path = tmp_path / "RESULTS.md"
    path.write_text("# What one run costs\n", encoding="utf-8")
    write_part(path, "engine", "fast")
    assert read_parts(path) == {"main_job": "# What one run costs", "engine": "fast"}


def test_an_unknown_part_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no part"):
        write_part(tmp_path / "RESULTS.md", "other", "")

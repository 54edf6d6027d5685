import numpy as np
import pytest

from core.catalog.guard import call, read_only
from core.contract import Unreadable
from core.errors import PluginFault


def raises(kind):
    raise kind("坏了")


def test_an_answer_comes_back_as_it_is():
    assert call("acme 1.0", "judge", lambda one, *, two: [one, two], 1, two=2) == [1, 2]


@pytest.mark.parametrize("kind", [ValueError, KeyError, RecursionError, SystemExit, MemoryError])
def test_whatever_a_plugin_raises_names_the_plugin_and_the_hook(kind):
    with pytest.raises(PluginFault) as caught:
        call("acme 1.0", "judge", raises, kind)
    assert (caught.value.plugin, caught.value.hook) == ("acme 1.0", "judge")
    assert kind.__name__ in caught.value.message
    assert "坏了" in caught.value.reason


def test_a_wrong_answer_is_a_fault_too():
    with pytest.raises(PluginFault, match="不是数；太大"):
        call("acme", "judge", lambda: 5, check=lambda _: ("不是数", "太大"))


def test_an_importers_word_on_a_file_and_the_users_interrupt_pass():
    def refuse():
        raise Unreadable("empty", "文件是空的", "The file is empty")

    with pytest.raises(Unreadable):
        call("acme", "read", refuse)
    with pytest.raises(KeyboardInterrupt):
        call("acme", "read", raises, KeyboardInterrupt)


def test_read_only_columns_cannot_be_written_and_leave_the_originals_alone():
    columns = {"people": np.ones(3)}
    views = read_only(columns)
    with pytest.raises(ValueError, match="read-only"):
        views["people"][0] = 5
    columns["people"][0] = 7
    assert views["people"][0] == 7

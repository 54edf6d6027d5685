"""The sweep in its short form: every so many-th point; ``lifecircle dev chaos`` fails at each."""

import pytest

from tests.chaos.sweep import sweep

EVERY = 23


@pytest.mark.journey
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_wherever_an_import_or_a_run_fails_the_state_is_old_or_new_and_a_retry_succeeds():
    for swept in sweep(EVERY, print):
        assert swept.failed.total() >= 5
        assert {"statement", "commit", "write", "fsync", "rename", "queue"} <= set(swept.points)
        assert not swept.defects

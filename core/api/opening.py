"""How views open a finished run for questions."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from core.access import Here
from core.runs.summary import find_done

if TYPE_CHECKING:
    from core.studies.opened import Opened


def open_here(here: Here, run_id: UUID) -> Opened:
    """Find a finished run of the tenant, by the tenant's own session, and open it.

    Raises
    ------
    NotFound
        The tenant has no such run, whoever else may have one.
    Conflict
        It is not done, or something that it pinned is installed in another version.
    """
    from core.studies.opened import open_run  # noqa: PLC0415 - the compiler, when first asked

    with here.session() as session:
        run = find_done(session, run_id)
        plan, fingerprint = run.plan, run.fingerprint
    return open_run(here.services.blobs, here.services.host, plan, fingerprint)

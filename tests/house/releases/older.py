"""Works as a release did, with that release's own code: ``older.py TREE DATABASE DISPATCH FOLDER``.

The release's tree comes first on the path. It reads every table, makes a place, a person, a role,
a token and data, asks for a run, computes it and reads its scores; then it prints how many rows it
saw.
"""

from __future__ import annotations

import sys
from pathlib import Path

TREE, APP_URL, DISPATCH_URL, REDIS_URL, FOLDER = sys.argv[1:]
sys.path.insert(0, TREE)

from sqlalchemy import select  # noqa: E402 - after the path

import core  # noqa: E402 - the release's
import tenants.people.models  # noqa: E402 - the release's
import tenants.review.models  # noqa: E402, F401 - the release's
from core.catalog.host import load  # noqa: E402 - the release's
from core.catalog.view import catalogue_for  # noqa: E402 - the release's
from core.db import Base, Database, Job, Run, RunScore, Tenant  # noqa: E402 - the release's
from core.db.audit import first_broken, record  # noqa: E402 - the release's
from core.jobs.dispatch import dispatch_once  # noqa: E402 - the release's
from core.jobs.queues import connect  # noqa: E402 - the release's
from core.jobs.tasks import Bench, perform  # noqa: E402 - the release's
from core.policy import Permission  # noqa: E402 - the release's
from core.runs.plan import ask_run  # noqa: E402 - the release's
from core.store import Blobs  # noqa: E402 - the release's
from tenants.people.models import Role  # noqa: E402 - the release's
from tenants.people.operations import (  # noqa: E402 - the release's
    add_member,
    create_user,
    make_token,
    remove_member,
    set_password,
)
from tenants.tree.operations import create_tenant, find_tenant  # noqa: E402 - the release's
from tests.core.runs.small_town import (  # noqa: E402 - the release's
    TownPlugin,
    freeze_town,
    give_versions,
)


def read_everything(database):
    """Read every row of every model of the release, as each tenant, and count them."""
    with database.unbound() as session:
        ids = list(session.scalars(select(Tenant.id)))
    seen = 0
    for tenant_id in ids:
        with database.session(tenant_id) as session:
            for mapper in Base.registry.mappers:
                seen += len(session.scalars(select(mapper.class_)).all())
    return seen


def live(database, blobs):
    """Do what people do in a place of their own."""
    with database.unbound() as session:
        create_tenant(session, name="旧版之地", slug="of-the-release")
        user = create_user(session, login="of-the-release", name="人", password="long enough 9 语")
        user_id = user.id
        set_password(session, user, "another, long enough 9 语")
        place = find_tenant(session, "of-the-release").id
    with database.session(place, user_id) as session:
        add_member(session, user_id, Role.BUREAU_ADMIN)
        add_member(session, user_id, Role.AUDITOR)
        remove_member(session, user_id, Role.AUDITOR)
        make_token(session, user_id, name="t", scopes=[Permission.TENANT_READ])
        record(session, action="thing.do", subject="thing:1")
    give_versions(database, place, freeze_town(blobs))
    host = load(allowed=("none",), extra=[("small", TownPlugin())])
    with database.session(place) as session:
        asked, _ = ask_run(
            session, catalogue_for(host, {"small": {}}), ruleset_key="small.rules", params={}
        )
        run_id = asked.id
        job_id = session.scalars(select(Job.id).where(Job.subject_id == run_id)).one()
    dispatch_once(database, connect(REDIS_URL))
    perform(Bench(database=database, blobs=blobs, host=host, redis_url=REDIS_URL), place, job_id)
    with database.session(place) as session:
        run = session.scalars(select(Run).where(Run.id == run_id)).one()
        scores = session.scalars(select(RunScore).where(RunScore.run_id == run_id)).all()
        if run.result_digest is None or not scores or first_broken(session) is not None:
            raise SystemExit(f"the run ended otherwise: {run.fault_message}")


def main():
    """Work, and say what was seen."""
    if not Path(core.__file__).is_relative_to(TREE):
        raise SystemExit("this is not the release's code")
    database = Database(APP_URL, dispatch_url=DISPATCH_URL)
    live(database, Blobs(Path(FOLDER)))
    sys.stdout.write(f"{read_everything(database)}\n")
    database.close()


if __name__ == "__main__":
    main()

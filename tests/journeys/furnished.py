"""A furnished place with one of everything in which deeds are done, and what each deed needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import select

from core.policy import Permission
from tenants.people.invitations import invite
from tenants.people.models import Invitation, Role, User, UserSession
from tenants.people.operations import add_member, create_user, make_token
from tenants.people.sessions import open_session
from tests.journeys.small_place import OUTLETS, Place

NATIONAL = "national-2023-plan"
_numbers = count(1)


@dataclass
class World:
    """A furnished place with one of everything, the place above it, and who acts in them."""

    app: Any
    services: Any
    place: Place
    above: Place
    ids: dict[str, str]
    clients: list[Any] = field(default_factory=list)

    @property
    def database(self):
        return self.services.database

    def queued_run(self):
        """Ask for a run that nobody has asked for; gives its id and its job's."""
        asked = {"ruleset": NATIONAL, "params": {"limit_minutes": 20 + next(_numbers) / 64}}
        run = self.place.client.post(self.place.address("runs"), json=asked)
        assert run.status_code == 202, run.text
        return run.json["id"], run.json["job_id"]

    def queued_import(self):
        content = OUTLETS.replace("高台", f"第{next(_numbers)}")
        return self.place.ask("outlets", self.place.file("outlets.csv", content))

    def scenario(self, *steps):
        """Make a scenario of the finished run with an edit, and undo it if asked."""
        address = self.place.address(f"runs/{self.ids['run_id']}/scenarios")
        made = self.place.client.post(address, json={"name": "t"}).json
        version = made["version"]
        for step in steps:
            body = {"version": version}
            if step == "edits":
                body["edit"] = {"kind": "close_outlet", "outlet": 0}
            answer = self.place.client.post(f"{address}/{made['id']}/{step}", json=body)
            assert answer.status_code < 300, answer.text
            version = answer.json["scenario"]["version"]
        return {"scenario_id": made["id"]}, version

    def withdrawn(self):
        """Have the finished run withdrawn, so that it can be handed up again."""
        address = self.place.address(f"submissions/{self.ids['submission_id']}")
        self.place.client.delete(address)

    def handed_up(self):
        self.withdrawn()
        body = {"run_id": self.ids["run_id"], "to": self.above.slug}
        self.place.client.post(self.place.address("submissions"), json=body)

    def token(self):
        with self.database.session(self.place.tenant_id, self.place.user_id) as session:
            make_token(session, self.place.user_id, name="t", scopes=[Permission.TENANT_READ])
        listed = self.place.get("tokens")
        return next(one["id"] for one in listed if one["name"] == "t" and not one["revoked_at"])

    def account(self):
        """Make an account without a role anywhere."""
        login = f"a-{next(_numbers)}"
        with self.database.unbound() as session:
            create_user(session, login=login, name="t")
        return login

    def invitation(self):
        with self.database.session(self.place.tenant_id, self.place.user_id) as session:
            login = f"i-{next(_numbers)}"
            invite(session, login=login, name="t", role=Role.AUDITOR)
            found = select(Invitation.id).where(Invitation.login == login)
            return str(session.scalar(found))

    def member(self, role=Role.BUREAU_STAFF):
        with self.database.unbound() as session:
            user_id = create_user(session, login=f"m-{next(_numbers)}", name="t").id
        with self.database.session(self.place.tenant_id, user_id) as session:
            add_member(session, user_id, role)
        return str(user_id)

    def signed_member(self):
        """Make a member who is signed in; gives their id and the session's."""
        user_id = self.member()
        with self.database.unbound() as session:
            open_session(session, session.get_one(User, UUID(user_id)))
            found = select(UserSession.id).where(UserSession.user_id == UUID(user_id))
            return {"user_id": user_id, "session_id": str(session.scalar(found))}

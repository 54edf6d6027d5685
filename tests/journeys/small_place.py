"""A place of four streets and a few homes, as files; and a tenant spoken to through HTTP."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import osmium
from sqlalchemy import URL, create_engine, text

from core.db import Base, Owned
from core.jobs.worker import run_worker
from core.policy import Permission
from core.services import Services
from tenants.people.models import Role
from tenants.people.operations import add_member, create_user, make_token
from tenants.people.roles import PERMISSIONS
from tenants.tree.operations import create_tenant
from tests.uploading import upload

WEST, SOUTH, STEP = 117.0, 36.65, 0.002
SIDE = 6  # crossings a side
OUTLETS = "编号,名称,经度,纬度,业态,营业时间\n1,高台便利店,117.002,36.652,便利店,07:00-22:00\n"
RESIDENTS = "编号,经度,纬度,人口\na,117.001,36.6501,40\nb,117.005,36.6541,60\n"


def write_streets(path: Path, kind: str = "residential", west: float = WEST) -> Path:
    """Write crossing streets of one kind as a pbf."""
    with osmium.SimpleWriter(osmium.io.File(str(path), "pbf"), overwrite=True) as writer:
        for number in range(SIDE * SIDE):
            row, column = divmod(number, SIDE)
            where = (west + column * STEP, SOUTH + row * STEP)
            writer.add_node(osmium.osm.mutable.Node(id=number + 1, location=where))
        for line in range(SIDE):
            along = [line * SIDE + step + 1 for step in range(SIDE)]
            across = [step * SIDE + line + 1 for step in range(SIDE)]
            for way, nodes in ((line + 1, along), (line + 101, across)):
                tags = {"highway": kind}
                writer.add_way(osmium.osm.mutable.Way(id=way, nodes=nodes, tags=tags))
    return path


def square(west: float = WEST, south: float = SOUTH, side: float = 0.012, **words: str) -> str:
    """Give a boundary as GeoJSON."""
    corners = [(0, 0), (side, 0), (side, side), (0, side), (0, 0)]
    ring = [[west + x, south + y] for x, y in corners]
    feature = {
        "type": "Feature",
        "properties": {"key": "b", "name": "高台", "kind": "boundary", **words},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    return json.dumps({"type": "FeatureCollection", "features": [feature]}, ensure_ascii=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Where a place puts its files, and the database as its operator sees it."""

    folder: Path
    superuser_url: URL


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A tenant with an administrator, spoken to by a token; its workers are real and forked."""

    services: Services
    client: Any
    slug: str
    tenant_id: UUID
    user_id: UUID
    folder: Path
    superuser_url: URL

    @classmethod
    def make(cls, services: Services, app: Any, slug: str, room: Room, **tenant: Any) -> Place:
        """Make the tenant, a person who may do there all that an administrator may, a token."""
        with services.database.unbound() as session:
            tenant_id = create_tenant(session, slug=slug, **{"name": slug, **tenant}).id
            user_id = create_user(session, login=f"admin-{slug}", name=f"管理员 {slug}").id
        with services.database.session(tenant_id, user_id) as session:
            add_member(session, user_id, Role.BUREAU_ADMIN)
        scopes = PERMISSIONS[Role.BUREAU_ADMIN]
        place = cls(
            services=services,
            client=app.test_client(),
            slug=slug,
            tenant_id=tenant_id,
            user_id=user_id,
            folder=room.folder,
            superuser_url=room.superuser_url,
        )
        place.client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {place.token(scopes)}"
        return place

    def token(self, scopes: frozenset[Permission]) -> str:
        """Make another token of the administrator."""
        with self.services.database.session(self.tenant_id, self.user_id) as session:
            return make_token(session, self.user_id, name="journey", scopes=scopes)

    def address(self, rest: str) -> str:
        """Give an address of the API below the tenant."""
        return f"/api/v1/tenants/{self.slug}/{rest}"

    def get(self, rest: str) -> Any:
        """Get JSON that must be there."""
        answer = self.client.get(self.address(rest))
        assert answer.status_code == 200, answer.text
        return answer.json

    def file(self, name: str, content: str | bytes) -> Path:
        """Write a file to send."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def ask(self, kind: str, path: Path, **options: Any) -> str:
        """Upload a file that is taken; gives the job's id."""
        answer = upload(self.client, self.slug, kind, path, options)
        assert answer.status_code == 202, answer.text
        return answer.json["id"]

    def bring(self, kind: str, path: Path, **options: Any) -> dict[str, Any]:
        """Upload a file and let a worker import it; gives the job."""
        job = self.ask(kind, path, **options)
        self.work()
        return self.job(job)

    def work(self) -> None:
        """Let a worker do what waits."""
        run_worker(self.services.config, burst=True, host=self.services.host)

    def wait_for(self, address: str, *states: str) -> dict[str, Any]:
        """Ask for a job or a run until it is in one of these states; pytest ends a wait in vain."""
        while (found := self.get(address))["state"] not in states:
            time.sleep(0.02)
        return found

    def job(self, job_id: str) -> dict[str, Any]:
        """Give a job as the API tells it."""
        return self.get(f"jobs/{job_id}")

    def problems(self, job_id: str) -> list[dict[str, Any]]:
        """Give a job's list of problems."""
        return self.get(f"jobs/{job_id}/problems?limit=500")["problems"]

    def furnish(self, tag: str = "") -> None:
        """Bring in streets, outlets, residents and a boundary."""
        jobs = [
            self.ask("areas", self.file("areas.geojson", square(note=tag))),
            self.ask("streets", write_streets(self.folder / "streets.osm.pbf")),
            self.ask("outlets", self.file("outlets.csv", OUTLETS.replace("高台", f"高台{tag}"))),
            self.ask("residents", self.file("residents.csv", RESIDENTS)),
        ]
        self.work()
        assert [self.job(job)["state"] for job in jobs] == ["done"] * 4, [
            self.job(job)["message"] for job in jobs
        ]

    def data(self) -> dict[str, Any]:
        """Give what may not change: datasets with their versions, and each version's bytes."""
        shown = {
            row["id"]: (row["kind"], row["name"], self.get(f"datasets/{row['id']}/versions"))
            for row in self.get("datasets")
        }
        named = {each["digest"] for _, _, versions in shown.values() for each in versions}
        blobs = {digest: self.services.blobs.read(digest) for digest in named}
        rows = self.rows("datasets", "dataset_versions")
        return {"shown": shown, "blobs": blobs, "rows": rows}

    def rows(self, *tables: str) -> dict[str, list[str]]:
        """Give this tenant's rows as they lie in the database, read past every wall."""
        names = tables or tuple(owned_tables())
        engine = create_engine(self.superuser_url)
        with engine.connect() as connection:
            found = {
                name: list(
                    connection.execute(
                        text(f"SELECT t::text FROM {name} t WHERE tenant_id = :id ORDER BY 1"),
                        {"id": self.tenant_id},
                    ).scalars()
                )
                for name in names
            }
        engine.dispose()
        return found


def owned_tables() -> list[str]:
    """List the tables that belong to tenants."""
    return sorted(
        mapper.local_table.name
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, Owned)
    )

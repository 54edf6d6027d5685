"""Uploads become jobs, jobs become versions, and both can be looked at."""

from __future__ import annotations

from core.jobs.worker import run_worker
from tests.core.api.conftest import TOWN
from tests.uploading import upload

BASE = f"/api/v1/tenants/{TOWN}"


def test_the_datasets_show_their_latest_version_with_its_quality(client):
    found = {row["kind"]: row["latest"] for row in client.get(f"{BASE}/datasets").json}
    assert set(found) == {"streets", "residents", "outlets", "areas"}
    for version in found.values():
        assert len(version["digest"]) == 64
        assert version["quality"]["refused"] == 0
    assert (
        "示例" in found["outlets"]["quality"]["note"] + found["outlets"]["quality"]["attribution"]
    )


def test_a_job_can_be_cancelled_before_it_begins(client, tmp_path, services):
    path = tmp_path / "outlets.csv"
    path.write_text("名称,业态,经度,纬度\n早点,早餐店,117.0,36.65\n")
    asked = upload(client, TOWN, "outlets", path, dataset="别的")
    job = client.get(asked.headers["Location"]).json
    assert job["state"] == "queued"
    assert client.delete(asked.headers["Location"]).json["state"] == "cancelled"
    run_worker(services.config, burst=True, host=services.host)
    assert client.get(asked.headers["Location"]).json["state"] == "cancelled"
    assert client.delete(asked.headers["Location"]).status_code == 409
    assert "别的" not in [row["name"] for row in client.get(f"{BASE}/datasets").json]


def test_versions_are_listed_newest_first(client, tmp_path, services):
    for name in ("甲店", "乙店"):
        path = tmp_path / f"{name}.csv"
        path.write_text(f"名称,业态,经度,纬度\n{name},便利店,117.0,36.65\n")
        upload(client, TOWN, "outlets", path, dataset="两版")
        run_worker(services.config, burst=True, host=services.host)
    dataset = next(row for row in client.get(f"{BASE}/datasets").json if row["name"] == "两版")
    versions = client.get(f"{BASE}/datasets/{dataset['id']}/versions").json
    assert [version["number"] for version in versions] == [2, 1]
    assert dataset["latest"]["number"] == 2
    one = client.get(f"{BASE}/versions/{versions[1]['id']}").json
    assert one == versions[1]


def test_a_received_file_is_kept_byte_for_byte(client, tmp_path):
    path = tmp_path / "台账.csv"
    path.write_bytes("名称,业态,经度,纬度\n早点,早餐店,117.0,36.65\n".encode("gb18030"))
    upload(client, TOWN, "outlets", path, dataset="留底")
    newest = client.get(f"{BASE}/uploads?limit=1").json[0]
    assert newest["filename"] == "台账.csv"
    with client.get(f"{BASE}/uploads/{newest['id']}/file") as answer:
        assert answer.data == path.read_bytes()
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["Content-Security-Policy"] == "sandbox"

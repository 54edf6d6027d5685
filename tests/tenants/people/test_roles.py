"""Who may do what: the whole table against a committed text."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.policy import Permission
from tenants.people.models import Role
from tenants.people.roles import PERMISSIONS, ROLE_NAMES, SEEN_FROM_ABOVE, matrix

COMMITTED = Path(__file__).with_name("matrix.txt")
README = Path(__file__).resolve().parents[3] / "tenants" / "README.md"
WRITES = {
    Permission.TENANT_CREATE,
    Permission.DATA_IMPORT,
    Permission.RUN_START,
    Permission.RUN_SUBMIT,
    Permission.SUBMISSION_REVIEW,
    Permission.PLUGIN_SET,
    Permission.PEOPLE_MANAGE,
    Permission.TOKEN_MANAGE,
}


def test_the_matrix_is_the_committed_one():
    assert matrix() == COMMITTED.read_text(encoding="utf-8")


def test_every_role_has_its_permissions_and_a_name():
    assert set(PERMISSIONS) == set(Role) == set(ROLE_NAMES)


def test_every_permission_is_somebodys():
    assert frozenset().union(*PERMISSIONS.values()) == set(Permission)


def test_looking_from_above_writes_nothing():
    assert not SEEN_FROM_ABOVE & WRITES


def test_whoever_hands_up_does_not_review_and_the_auditor_only_looks():
    for permissions in PERMISSIONS.values():
        assert not {Permission.RUN_SUBMIT, Permission.SUBMISSION_REVIEW} <= permissions
    assert not PERMISSIONS[Role.AUDITOR] & WRITES


@pytest.mark.parametrize("role", Role)
def test_the_readme_names_each_role_with_exactly_its_permissions(role):
    rows = [line for line in README.read_text(encoding="utf-8").splitlines() if f"`{role}`" in line]
    (row,) = (line for line in rows if line.startswith("|"))
    told = {permission for permission in Permission if f"`{permission}`" in row}
    assert told == PERMISSIONS[role]

"""Stubs: people whom a tenant's rows name and this installation does not know."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenants.people.models import User


def stub_people(session: Session, ids: Sequence[UUID]) -> None:
    """Make accounts for the ids that are not here: no name, no password, no way to sign in."""
    here = set(session.scalars(select(User.id).where(User.id.in_(ids))))
    session.add_all(
        User(id=each, login=f"stub-{each}", name="", password_hash="")
        for each in ids
        if each not in here
    )
    session.flush()

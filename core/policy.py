"""The one port through which the core asks who is asking and whether they may."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from flask import Request


class Permission(StrEnum):
    """What a person may do in a tenant; ``tenants.people`` says which role holds which."""

    TENANT_READ = "tenant.read"
    TENANT_CREATE = "tenant.create"
    DATA_READ = "data.read"
    DATA_IMPORT = "data.import"
    RUN_READ = "run.read"
    RUN_START = "run.start"
    RUN_SUBMIT = "run.submit"
    SUBMISSION_READ = "submission.read"
    SUBMISSION_REVIEW = "submission.review"
    PLUGIN_READ = "plugin.read"
    PLUGIN_SET = "plugin.set"
    PEOPLE_MANAGE = "people.manage"
    TOKEN_MANAGE = "token.manage"  # noqa: S105 - a permission, no secret
    AUDIT_READ = "audit.read"


class SystemPermission(StrEnum):
    """What a person may do in the installation; none of it reads a tenant's data."""

    ROLES_READ = "system.roles.read"
    INSTALLATION_READ = "system.installation.read"
    ACCOUNTS_MANAGE = "system.accounts.manage"
    SIGNING_READ = "system.signing.read"
    EVENTS_READ = "system.events.read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who is asking: a person, by an opaque id, through a session or a token.

    ``tenant_id`` is set for a token, which is bound to one tenant; a session has none.
    ``service`` is a program that acts for its tenant and for nobody: the id is its token's.
    ``system`` is the person's role in the installation, read with the session; whoever holds one
    acts in no tenant.
    """

    id: UUID
    name: str
    tenant_id: UUID | None = None
    scopes: frozenset[Permission] | None = None
    session_id: UUID | None = None
    service: bool = False
    system: str | None = None


@dataclass(frozen=True, slots=True)
class Extent:
    """For how much of a place somebody holds a permission: all of it, some areas, or nothing.

    ``areas`` are keys of areas that the place's runs judge. They say nothing where ``whole`` is
    true, and both empty is not at all.
    """

    whole: bool = False
    areas: frozenset[str] = frozenset()

    @property
    def anywhere(self) -> bool:
        """Tell whether it is held for anything at all."""
        return self.whole or bool(self.areas)

    @property
    def part(self) -> frozenset[str] | None:
        """Give the areas that answers have to be cut to; ``None``: the whole place."""
        return None if self.whole else self.areas


NOWHERE = Extent()
EVERYWHERE = Extent(whole=True)


class Policy(Protocol):
    """Answered by ``tenants.people``; without one every route refuses."""

    def who(self, request: Request) -> Actor | None:
        """Tell who sent this request, or ``None``."""

    def extents(self, actor: Actor, tenant_id: UUID) -> Mapping[Permission, Extent]:
        """Tell for how much of the tenant the actor holds what; what is missing, for nothing."""

    def may_system(self, actor: Actor, permission: SystemPermission) -> bool:
        """Tell whether the actor holds the permission in the installation."""

    def names(self, ids: Collection[UUID]) -> Mapping[UUID, str]:
        """Name people by the ids that rows keep of them; who is gone has no name."""


class NoPolicy:
    """Refuses everything: what an app has until its rooms hand in a policy."""

    def who(self, request: Request) -> Actor | None:  # noqa: ARG002 - the port's signature
        """Know nobody."""
        return None

    def extents(self, actor: Actor, tenant_id: UUID) -> Mapping[Permission, Extent]:  # noqa: ARG002 - the port's signature
        """Allow nothing."""
        return {}

    def may_system(self, actor: Actor, permission: SystemPermission) -> bool:  # noqa: ARG002 - the port's signature
        """Allow nothing."""
        return False

    def names(self, ids: Collection[UUID]) -> Mapping[UUID, str]:  # noqa: ARG002 - the port's signature
        """Know nobody's name."""
        return {}

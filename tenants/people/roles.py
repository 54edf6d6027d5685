"""Roles and permissions: one table, no code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.policy import Permission, SystemPermission
from tenants.people.models import Role
from tenants.system.models import SystemRole

P, S = Permission, SystemPermission

PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.BUREAU_ADMIN: frozenset(
        {
            P.TENANT_READ,
            P.TENANT_CREATE,
            P.DATA_READ,
            P.DATA_IMPORT,
            P.RUN_READ,
            P.RUN_START,
            P.RUN_SUBMIT,
            P.SUBMISSION_READ,
            P.PLUGIN_READ,
            P.PLUGIN_SET,
            P.PEOPLE_MANAGE,
            P.TOKEN_MANAGE,
        }
    ),
    Role.BUREAU_STAFF: frozenset(
        {
            P.TENANT_READ,
            P.DATA_READ,
            P.DATA_IMPORT,
            P.RUN_READ,
            P.RUN_START,
            P.SUBMISSION_READ,
            P.PLUGIN_READ,
        }
    ),
    Role.STREET_OFFICER: frozenset({P.TENANT_READ, P.DATA_READ, P.RUN_READ, P.PLUGIN_READ}),
    Role.COMMUNITY_WORKER: frozenset({P.TENANT_READ, P.RUN_READ}),
    Role.OPERATOR: frozenset({P.TENANT_READ}),
    Role.SURVEYOR: frozenset({P.TENANT_READ}),
    Role.REVIEWER: frozenset(
        {P.TENANT_READ, P.SUBMISSION_READ, P.SUBMISSION_REVIEW, P.PLUGIN_READ}
    ),
    Role.AUDITOR: frozenset(
        {
            P.TENANT_READ,
            P.DATA_READ,
            P.RUN_READ,
            P.SUBMISSION_READ,
            P.PLUGIN_READ,
            P.AUDIT_READ,
        }
    ),
}

# Roles of the installation. Nobody holds two, and whoever holds one may nothing in any tenant.
SYSTEM_PERMISSIONS: Mapping[SystemRole, frozenset[SystemPermission]] = {
    SystemRole.SYSTEM_ADMIN: frozenset({S.ROLES_READ, S.INSTALLATION_READ}),
    SystemRole.SECURITY_ADMIN: frozenset({S.ROLES_READ, S.ACCOUNTS_MANAGE, S.SIGNING_READ}),
    SystemRole.AUDIT_ADMIN: frozenset({S.ROLES_READ, S.EVENTS_READ}),
}

# What a role at an ancestor may do in a tenant whose ``parent_sees`` is ``all``: look, never touch.
SEEN_FROM_ABOVE = frozenset({P.TENANT_READ, P.DATA_READ, P.RUN_READ, P.PLUGIN_READ})

# What a role for a part of a place leaves: to look at that part, where an operation can be cut to
# it. Data, plugins and submissions are the whole place's, and so is all that is changed.
LEFT_TO_A_PART = frozenset({P.TENANT_READ, P.RUN_READ})

# Roles that are for a whole place or not at all: they govern, judge or check it.
FOR_THE_WHOLE = frozenset({Role.BUREAU_ADMIN, Role.REVIEWER, Role.AUDITOR})

# Who signs in with a second factor after a password: whoever works for an authority.
STAFF = frozenset(
    {
        Role.BUREAU_ADMIN,
        Role.BUREAU_STAFF,
        Role.STREET_OFFICER,
        Role.REVIEWER,
        Role.AUDITOR,
    }
)

# What a place's own token never holds: it would outlive and outrank the person who made it.
NOT_FOR_SERVICES = frozenset({P.PEOPLE_MANAGE, P.TOKEN_MANAGE})

# What is left of a role in a place that was merged into another: to look, and to hand that on.
KEPT_IN_THE_PAST = SEEN_FROM_ABOVE | {P.SUBMISSION_READ, P.AUDIT_READ, P.PEOPLE_MANAGE}

ROLE_NAMES: Mapping[Role, tuple[str, str]] = {
    Role.BUREAU_ADMIN: ("商务局管理员", "Bureau administrator"),
    Role.BUREAU_STAFF: ("商务局工作人员", "Bureau staff"),
    Role.STREET_OFFICER: ("街道干部", "Street officer"),
    Role.COMMUNITY_WORKER: ("社区工作者", "Community worker"),
    Role.OPERATOR: ("网点经营者", "Outlet operator"),
    Role.SURVEYOR: ("调查员", "Surveyor"),
    Role.REVIEWER: ("评审员", "Reviewer"),
    Role.AUDITOR: ("审计员", "Auditor"),
}

SYSTEM_ROLE_NAMES: Mapping[SystemRole, tuple[str, str]] = {
    SystemRole.SYSTEM_ADMIN: ("系统管理员", "System administrator"),
    SystemRole.SECURITY_ADMIN: ("安全管理员", "Security administrator"),
    SystemRole.AUDIT_ADMIN: ("审计管理员", "Audit administrator"),
}

PERMISSION_NAMES: Mapping[Permission, tuple[str, str]] = {
    P.TENANT_READ: ("看本地区", "See the place"),
    P.TENANT_CREATE: ("建立、调整下级地区", "Create and arrange places below"),
    P.DATA_READ: ("看数据", "See data"),
    P.DATA_IMPORT: ("导入数据", "Import data"),
    P.RUN_READ: ("看评价", "See runs"),
    P.RUN_START: ("开始评价", "Start runs"),
    P.RUN_SUBMIT: ("报送评价", "Submit runs"),
    P.SUBMISSION_READ: ("看报送", "See submissions"),
    P.SUBMISSION_REVIEW: ("答复报送", "Answer submissions"),
    P.PLUGIN_READ: ("看插件", "See plugins"),
    P.PLUGIN_SET: ("开关插件", "Set plugins"),
    P.PEOPLE_MANAGE: ("管理成员", "Manage members"),
    P.TOKEN_MANAGE: ("管理令牌", "Manage tokens"),
    P.AUDIT_READ: ("看审计记录", "Read the audit log"),
}


def permitted(role: Role, scope_area: str | None) -> frozenset[Permission]:
    """Give what a role allows: in all of its place, or of that what counts for a part."""
    return PERMISSIONS[role] if scope_area is None else PERMISSIONS[role] & LEFT_TO_A_PART


def matrix() -> str:
    """Print who may do what: a row a permission, a column a role; for a part; the installation's.

    Of a part only what is left there: every other permission a role for a part holds nowhere.
    """
    of_a_part = {role: permitted(role, "a part") for role in Role if role not in FOR_THE_WHOLE}
    left = [permission for permission in Permission if permission in LEFT_TO_A_PART]
    tables = (
        _table(Permission, PERMISSIONS),
        "for a part of a place, cut to it\n" + _table(left, of_a_part),
        _table(SystemPermission, SYSTEM_PERMISSIONS),
    )
    return "\n".join(tables)


def _table(rows: Iterable[str], held: Mapping[Any, frozenset[Any]]) -> str:
    permissions, roles = list(rows), list(held)
    width = max(len(permission) for permission in permissions)
    lines = [
        f"{permission:<{width}}  "
        + "  ".join(
            ("yes" if permission in held[role] else "-").ljust(len(role)) for role in roles
        ).rstrip()
        for permission in permissions
    ]
    return "\n".join([" " * width + "  " + "  ".join(roles), *lines]) + "\n"

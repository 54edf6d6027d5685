"""Roles and permissions: one table, no code."""

from __future__ import annotations

from collections.abc import Mapping

from core.policy import Permission
from tenants.people.models import Role

P = Permission

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

# What a role at an ancestor may do in a tenant whose ``parent_sees`` is ``all``: look, never touch.
SEEN_FROM_ABOVE = frozenset({P.TENANT_READ, P.DATA_READ, P.RUN_READ, P.PLUGIN_READ})

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

PERMISSION_NAMES: Mapping[Permission, tuple[str, str]] = {
    P.TENANT_READ: ("看本地区", "See the place"),
    P.TENANT_CREATE: ("建立下级地区", "Create places below"),
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


def matrix() -> str:
    """Print who may do what: a row a permission, a column a role."""
    width = max(len(permission) for permission in Permission)
    head = " " * width + "  " + "  ".join(Role)
    rows = [
        f"{permission:<{width}}  "
        + "  ".join(
            ("yes" if permission in PERMISSIONS[role] else "-").ljust(len(role)) for role in Role
        ).rstrip()
        for permission in Permission
    ]
    return "\n".join([head, *rows]) + "\n"

"""The one metadata object, the rows, and the session bound to a tenant."""

from core.db.audit import AuditAnchor, AuditEvent
from core.db.base import ACTOR, TENANT, Base, Owned, Stamped, new_id, one_of, owned_by
from core.db.dataset import Dataset, DatasetVersion, ImportProblem, Upload, VersionState
from core.db.installation import InstallationChain, InstallationEvent, verify_installation
from core.db.job import Job, JobKind, JobState, RequestKey
from core.db.plugin import PluginState, TenantPlugin
from core.db.run import WHOLE, Run, RunCoverage, RunGap, RunInput, RunLine, RunScore
from core.db.scenario import Scenario
from core.db.scope import AcrossTenants
from core.db.session import Database, after_commit
from core.db.tenant import Level, ParentSees, Tenant, TenantState

__all__ = [
    "ACTOR",
    "TENANT",
    "WHOLE",
    "AcrossTenants",
    "AuditAnchor",
    "AuditEvent",
    "Base",
    "Database",
    "Dataset",
    "DatasetVersion",
    "ImportProblem",
    "InstallationChain",
    "InstallationEvent",
    "Job",
    "JobKind",
    "JobState",
    "Level",
    "Owned",
    "ParentSees",
    "PluginState",
    "RequestKey",
    "Run",
    "RunCoverage",
    "RunGap",
    "RunInput",
    "RunLine",
    "RunScore",
    "Scenario",
    "Stamped",
    "Tenant",
    "TenantPlugin",
    "TenantState",
    "Upload",
    "VersionState",
    "after_commit",
    "new_id",
    "one_of",
    "owned_by",
    "verify_installation",
]

"""The contract: all that a plugin sees of us. Values in, values out; see README here."""

from core.contract.business_format import BusinessFormat, Service, Terms
from core.contract.declared import declared_ruleset
from core.contract.declared_formats import declared_formats
from core.contract.definition import Misdeclared
from core.contract.importer import (
    Columns,
    Crs,
    Head,
    Importer,
    Problem,
    Raw,
    Severity,
    Source,
    Unreadable,
    text,
)
from core.contract.manifest import Manifest, Settings
from core.contract.ruleset import (
    WALKED_TO,
    Demand,
    Fact,
    Facts,
    Figure,
    Line,
    OfferMode,
    Ruleset,
    Scorecard,
    Span,
    Status,
    Walker,
    Window,
)
from core.contract.specs import hookimpl
from core.contract.tables import GATES, GROUPS, TABLES, Column, TableKind
from core.contract.version import API
from core.contract.walkers import (
    ADULT,
    ELDER,
    PROFILES,
    PUSHCHAIR,
    WHEELCHAIR,
    Stated,
    WalkerProfile,
)

__all__ = [
    "ADULT",
    "API",
    "ELDER",
    "GATES",
    "GROUPS",
    "PROFILES",
    "PUSHCHAIR",
    "TABLES",
    "WALKED_TO",
    "WHEELCHAIR",
    "BusinessFormat",
    "Column",
    "Columns",
    "Crs",
    "Demand",
    "Fact",
    "Facts",
    "Figure",
    "Head",
    "Importer",
    "Line",
    "Manifest",
    "Misdeclared",
    "OfferMode",
    "Problem",
    "Raw",
    "Ruleset",
    "Scorecard",
    "Service",
    "Settings",
    "Severity",
    "Source",
    "Span",
    "Stated",
    "Status",
    "TableKind",
    "Terms",
    "Unreadable",
    "Walker",
    "WalkerProfile",
    "Window",
    "declared_formats",
    "declared_ruleset",
    "hookimpl",
    "text",
]

"""Content-addressed artefacts: what machines read whole lies in files named by their SHA-256."""

from core.store.blobs import Blobs, Damaged
from core.store.derived import Derived
from core.store.digest import canonical, digest_of, sha256_file, sha256_hex
from core.store.snapshot import Manifest, Snapshot, TableEntry, freeze, read_manifest, thaw
from core.store.tables import Columns, digest_table, read_table, write_table

__all__ = [
    "Blobs",
    "Columns",
    "Damaged",
    "Derived",
    "Manifest",
    "Snapshot",
    "TableEntry",
    "canonical",
    "digest_of",
    "digest_table",
    "freeze",
    "read_manifest",
    "read_table",
    "sha256_file",
    "sha256_hex",
    "thaw",
    "write_table",
]

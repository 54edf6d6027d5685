"""What lasts and what goes: backups, one tenant's archive, erasure, sweeping, retention."""

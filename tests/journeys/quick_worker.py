"""A worker process like the product's, whose leases run out in two seconds instead of thirty."""

from __future__ import annotations

from core.config import Config
from core.jobs.worker import run_worker

if __name__ == "__main__":
    run_worker(Config.from_environment(), lease_seconds=2.0)

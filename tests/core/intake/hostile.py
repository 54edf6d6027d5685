"""A plugin whose importers do what none should: the child's limits are tried on it."""

from __future__ import annotations

import os
import resource
import time

import numpy as np

from core.contract import Importer, Manifest, Raw, Settings, TableKind, Unreadable, hookimpl


def eat(source, options):
    """Take address space without end; touching it would cost seconds where memory is short."""
    hoard = []
    while True:
        hoard.append(np.empty(64 * 1024 * 1024))


def spin(source, options):
    """Compute without end."""
    while True:
        pass


def sleep(source, options):
    """Wait without end, saying so now and then."""
    while True:
        source.progress(1, 2)
        time.sleep(0.05)


def leave(source, options):
    """End the process at once."""
    os._exit(7)


def fail(source, options):
    """Raise what nobody expects."""
    raise ZeroDivisionError("by design")


def lie(source, options):
    """Give columns that the contract forbids."""
    return Raw(tables={"homes": {"lon": np.zeros(2), "lat": np.zeros(3)}}, rows=2)


def look(source, options):
    """Tell what secrets can be seen, and of how many threads."""
    seen = {name: value for name, value in os.environ.items() if "SECRET" in value}
    raise Unreadable("seen", repr(seen), os.environ.get("OSMIUM_POOL_THREADS", "any"))


def bounds(source, options):
    """Tell how much memory and CPU the kernel allows."""
    told = [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_CPU)]
    raise Unreadable("seen", " ".join(map(str, told)), "")


def chatter(source, options):
    """Print lines that are no progress, and then read well."""
    for line in range(2000):
        print("3 apples and a line that is much longer than any progress " * 3, line)  # noqa: T201 - on purpose
    one = np.array([1.0])
    return Raw(tables={"homes": {"lon": one, "lat": one, "people": one}}, rows=1)


def claim_nothing(head):
    return 0.0


@hookimpl
def lifecircle_manifest():
    return Manifest(key="hostile", name="恶意", version="1", api=(1, 0))


@hookimpl
def lifecircle_importers(settings):
    return [
        Importer(
            key=f"hostile.{read.__name__}",
            name="恶意",
            english="hostile",
            gives=TableKind.RESIDENTS,
            media=(".csv",),
            sniff=claim_nothing,
            read=read,
            options=Settings,
        )
        for read in (eat, spin, sleep, leave, fail, lie, look, bounds, chatter)
    ]

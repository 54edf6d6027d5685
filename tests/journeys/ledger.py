"""Ledger: what each committed transaction of the application's role wrote, seen at the driver."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import event

from core.catalog.host import Host

WRITE = re.compile(r"\s*(INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)")
CHAINS = ("audit_events", "installation_events")
# What is written without a record, and why; everything else that is written has one.
UNRECORDED = {
    ("UPDATE", "api_tokens"): "when a token was last used",
    ("UPDATE", "sessions"): "when a session was last seen",
    ("UPDATE", "jobs"): "a worker's claim, lease, stages and attempts; its end has a record",
    ("UPDATE", "runs"): "that a run's job has begun; its end has a record",
    ("INSERT", "request_keys"): "what was answered, for a request that is sent again",
    ("UPDATE", "installation_chain"): "the head of the chain itself",
    ("INSERT", "installation_chain"): "the head of the chain itself",
}


@dataclass
class Written:
    """One committed transaction: how often it wrote where, and its records by chain."""

    tables: Counter = field(default_factory=Counter)  # (verb, table)
    records: Counter = field(default_factory=Counter)  # (chain, tenant)

    @property
    def deeds(self):
        """Give what was written beside the chains and beside what needs no record."""
        return {
            one: count
            for one, count in self.tables.items()
            if one not in UNRECORDED and one[1] not in CHAINS
        }


@contextmanager
def watching(engine):
    """Give a ledger of an engine for a block."""
    ledger = Ledger()
    names = ("after_cursor_execute", "commit", "rollback")
    for name in names:
        event.listen(engine, name, getattr(ledger, name))
    yield ledger
    for name in names:
        event.remove(engine, name, getattr(ledger, name))


class Ledger:
    """Hears of statements and commits; ``take`` gives what was committed since it was asked."""

    def __init__(self) -> None:
        self.open = {}
        self.closed = []

    def take(self):
        """Give the transactions that wrote something, and forget them."""
        found, self.closed = self.closed, []
        return found

    def after_cursor_execute(self, connection, cursor, statement, parameters, _context, many):
        found = WRITE.match(statement)
        if found is None or cursor.rowcount == 0:
            return
        verb, table = found[1].split()[0], found[2]
        written = self.open.setdefault(id(connection.connection.dbapi_connection), Written())
        written.tables[verb, table] += 1
        if table in CHAINS:
            rows = parameters if many else [parameters]
            for row in rows:
                tenant = row.get("tenant_id") if isinstance(row, dict) else None
                written.records[table, str(tenant)] += 1

    def commit(self, connection):
        written = self.open.pop(id(connection.connection.dbapi_connection), None)
        if written is not None:
            self.closed.append(written)

    def rollback(self, connection):
        self.open.pop(id(connection.connection.dbapi_connection), None)


def faults(transactions):
    """Say what is wrong with what a single deed has written: one transaction, one record a chain.

    A deed that concerns several places (a lock on a plugin, a place that moves) has one record in
    the chain of each.
    """
    said = []
    for written in transactions:
        twice = [chain for chain, count in written.records.items() if count > 1]
        if twice:
            said.append(f"more than one record in {twice}")
        if written.deeds and not written.records:
            said.append(f"no record of {dict(written.deeds)}")
    recorded = [written for written in transactions if written.records]
    if len(recorded) > 1:
        said.append(f"{len(recorded)} transactions with records: {[w.records for w in recorded]}")
    return said


class Wall(Host):
    """A part that breaks in a way that nobody foresaw."""

    @property
    def kept(self):
        raise ZeroDivisionError


RUN = {
    "fingerprint": "f",
    "label": "",
    "ruleset_key": "r",
    "ruleset_version": "1",
    "ruleset_digest": "d",
    "params": {},
    "plan": {},
    "kernel_version": "1",
}

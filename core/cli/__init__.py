"""The ``lifecircle`` command: the core's commands, and those that each room hands over."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import cast

import click
from typing_extensions import override

from core import __version__
from core.app import Room
from core.cli.audit import audit
from core.cli.console import Console
from core.cli.demo import demo
from core.cli.dev import dev
from core.cli.doctor import doctor
from core.cli.keeping import backup, restore, sweep
from core.cli.serving import serve, worker
from core.cli.setup import db, plugin
from core.cli.work import import_file, run, verify
from core.errors import LifecircleError


class Told(click.Group):
    """A group whose errors are sentences, in Chinese and English, and exit with 1."""

    @override
    def invoke(self, ctx: click.Context) -> object:
        """Run the command; tell a person what went wrong without a traceback."""
        try:
            return super().invoke(ctx)
        except LifecircleError as error:
            click.secho(error.message, fg="red", err=True)
            if error.english != error.message:
                click.echo(error.english, err=True)
            for detail in error.details:
                click.echo(f"  {detail}", err=True)
            sys.exit(1)


def build(rooms: Sequence[Room]) -> click.Group:
    """Make the command of these rooms."""

    @click.group(cls=Told, context_settings={"help_option_names": ["-h", "--help"]})
    @click.version_option(__version__, prog_name="lifecircle")
    @click.pass_context
    def lifecircle(ctx: click.Context) -> None:
        """一刻钟便民生活圈。Import, evaluate and compare 15-minute living circles."""
        console = Console(rooms)
        ctx.obj = console
        ctx.call_on_close(console.close)

    commands = [demo, serve, worker, doctor, dev, db, plugin, import_file, run, verify, audit]
    commands += [backup, restore, sweep]
    for command in [*commands, *(part for room in rooms for part in room.commands)]:
        lifecircle.add_command(cast("click.Command", command))
    return lifecircle

"""``lifecircle backup`` and ``restore``: everything into one file, and back into an empty place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from core.cli.console import Console

if TYPE_CHECKING:
    from core.keeping import one_tenant, whole

KEY_FILE = click.option(
    "--key-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="密钥文件，首尾空白不计。 File whose text seals and opens the archive.",
)
PASSPHRASE = click.option("--passphrase", is_flag=True, help="询问口令。 Ask for a passphrase.")


def secret_of(key_file: Path | None, *, ask: bool, twice: bool) -> bytes | None:
    """Give the secret of an archive: from a file, from who is asked, or none."""
    if key_file is not None:
        return key_file.read_bytes().strip()
    if not ask:
        return None
    text: str = click.prompt("口令 passphrase", hide_input=True, confirmation_prompt=twice)
    return text.encode()


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--tenant", default=None, help="只备份这个租户。 This tenant alone.")
@KEY_FILE
@PASSPHRASE
@click.pass_obj
def backup(
    console: Console, file: Path, tenant: str | None, key_file: Path | None, passphrase: bool
) -> None:
    """备份整套系统，或一个租户。Back everything up, or one tenant."""
    from core.cli.work import tenant_id_of
    from core.keeping import one_tenant, whole

    secret = secret_of(key_file, ask=passphrase, twice=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    kept: whole.Kept | one_tenant.Packed
    if tenant is None:
        kept = whole.backup(console.config.backup_url, console.blobs, file, secret)
    else:
        tenant_id = tenant_id_of(console, tenant)
        kept = one_tenant.pack(console.database, console.blobs, tenant_id, file, secret)
    _tell(console, "backup", kept)
    click.echo(f"{kept.rows} 行 rows, {kept.blobs} 个文件 files")
    if secret is None:
        click.echo("未加密，请妥善保管。 Not encrypted: keep it safe. --key-file, --passphrase")
    if kept.missing:
        told = ", ".join(digest[:12] for digest in kept.missing[:5])
        raise click.ClickException(
            f"归档已写成，但存储中缺少或损坏 {len(kept.missing)} 个文件：{told}。"
            "The archive was written, but these files are missing or damaged in the store."
        )


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@KEY_FILE
@PASSPHRASE
@click.pass_obj
def restore(console: Console, file: Path, key_file: Path | None, passphrase: bool) -> None:
    """恢复到空的系统；一个租户则恢复到没有它的系统。Restore into an empty installation."""
    from core.keeping import archive, one_tenant, whole

    secret = secret_of(key_file, ask=passphrase, twice=False)
    config, tenant_id = console.config, None
    kept: whole.Kept | one_tenant.Packed
    if archive.read_head(file, secret).get("kind") == one_tenant.KIND:
        stub = console.verb("stub_people")
        kept = one_tenant.unpack(console.database, console.blobs, file, stub, secret)
        tenant_id = kept.tenant_id
        for name, why in kept.left_out.items():
            click.echo(f"未带 left out: {name} ({why})")
    else:
        kept = whole.restore(config.backup_url, config.owner_url, console.blobs, file, secret)
        _tell(console, "restore", kept)
    click.echo(f"{kept.rows} 行 rows, {kept.blobs} 个文件 files: 一致 same")
    verify_one(console, tenant_id)


def _tell(console: Console, verb: str, kept: whole.Kept | one_tenant.Packed) -> None:
    """Record in the installation's chain that rows left it, or came to it, as a file."""
    from core.db.installation import record
    from core.keeping.one_tenant import Packed

    noun = "tenant" if isinstance(kept, Packed) else "installation"
    subject = f"tenant:{kept.slug}" if isinstance(kept, Packed) else f"release:{kept.release}"
    told = {"rows": kept.rows, "blobs": kept.blobs, "missing": len(kept.missing)}
    with console.database.unbound() as session:
        record(session, action=f"{noun}.{verb}", subject=subject, details=told)


def verify_one(console: Console, tenant_id: UUID | None = None) -> None:
    """Compute the newest finished run again and compare its bytes, as the last proof."""
    from core.runs.newest import newest_done
    from core.runs.verify import verify

    found = newest_done(console.database, tenant_id)
    if found is None:
        click.echo("没有已完成的评价可核对。 There is no finished run to verify.")
        return
    verdict = verify(console.database, console.blobs, console.host, *found)
    if not verdict.same:
        raise click.ClickException(f"{found[1]} 不一致 different: {verdict.first_difference}")
    click.echo(f"评价 run {found[1]}: 一致 identical")


@click.command()
@click.pass_obj
def sweep(console: Console) -> None:
    """删除保存期已过的内容，并计数。Delete what was kept long enough, and count it."""
    from core.keeping.sweep import sweep as once

    days = console.config.audit_days
    counts = once(console.database, console.blobs, console.sweepers, audit_days=days)
    if counts is None:
        raise click.ClickException(
            "备份或另一次清理正在进行，没有删除。A backup or another sweep is at work."
        )
    for name, count in counts.items():
        click.echo(f"{count:>12} {name}")
    if counts.get("records_due"):
        click.echo(
            "records_due：这些审计记录一周内将被清理，请先 lifecircle audit export。"
            "These audit records go within a week; export them before."
        )

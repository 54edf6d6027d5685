"""What a person can meet stands in the README of its room: hooks, settings, commands, errors."""

from __future__ import annotations

import inspect
import re
import subprocess
from pathlib import Path

import click
import pytest

from core import errors
from core.cli import build
from core.config import Config
from core.contract import specs
from core.policy import Permission
from core.store.blobs import Damaged
from tenants.people.models import Role
from wsgi import ROOMS

TOP = Path(__file__).resolve().parents[2]
SCREEN = 60  # lines
VARIABLE = re.compile(r"\bLIFECIRCLE_[A-Z]+(?:_[A-Z]+)*\b")
ROOMS_OF_THE_CORE = sorted(path.parent for path in TOP.glob("core/*/__init__.py"))


def tracked(*patterns):
    """List the repository's files, those not yet committed among them."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *patterns]
    found = subprocess.run(words, cwd=TOP, capture_output=True, text=True, check=True).stdout
    return sorted(TOP / name for name in found.split("\0") if name and (TOP / name).is_file())


def rows(readme):
    """Give the rows of a README's tables, each as its cells."""
    lines = (TOP / readme).read_text(encoding="utf-8").splitlines()
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("|")
    ]


def row_of(readme, name):
    """Give the one row whose first cell is about ``name``."""
    found = [cells for cells in rows(readme) if re.match(rf"`{re.escape(name)}[` ]", cells[0])]
    assert len(found) == 1, f"{readme} has {len(found)} rows for `{name}`"
    return found[0]


def hooks():
    return {
        name: function
        for name, function in vars(specs).items()
        if hasattr(function, "lifecircle_spec")
    }


def commands():
    """Give every command by its whole name."""
    found = {}

    def walk(command, name):
        if isinstance(command, click.Group):
            for key, part in command.commands.items():
                walk(part, f"{name} {key}")
        else:
            found[name] = command

    walk(build(ROOMS), "lifecircle")
    return found


def error_classes():
    kinds = [*errors.LifecircleError.__subclasses__(), Damaged]
    return sorted({kind.code: kind for kind in kinds}.values(), key=lambda kind: kind.code)


COMMANDS = commands()
README_OF = {"core": "core/cli/README.md", "tenants": "tenants/README.md"}


@pytest.mark.parametrize("name", hooks())
def test_every_hook_is_told_with_its_exact_arguments(name):
    arguments = ", ".join(inspect.signature(hooks()[name]).parameters)
    assert any(cells[0] == f"`{name}({arguments})`" for cells in rows("core/contract/README.md"))


def test_every_hook_is_given_by_a_built_in():
    code = "".join(path.read_text(encoding="utf-8") for path in tracked("plugins/*.py"))
    assert not [name for name in hooks() if f"def {name}(" not in code]


@pytest.mark.parametrize("name", Config().environment())
def test_every_setting_is_told(name):
    assert all(row_of("core/SETTINGS.md", name)[1:])


def test_every_variable_that_any_file_reads_is_told_and_no_other():
    documents = rows("core/SETTINGS.md") + rows("tests/README.md")
    told = {name for cells in documents if VARIABLE.fullmatch(name := cells[0].strip("`"))}
    read = {
        name
        for path in tracked("*.py", ".ci/*", "core/web/frontend/*")
        for name in VARIABLE.findall(path.read_text(encoding="utf-8"))
        if path != Path(__file__)
    }
    assert read == told


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_told_with_its_options(name):
    command = COMMANDS[name]
    room = inspect.unwrap(command.callback).__module__.split(".")[0]
    cells = row_of(README_OF[room], name)
    options = {
        max(option.opts, key=len)
        for option in command.params
        if isinstance(option, click.Option) and not option.hidden
    }
    assert set(re.findall(r"`(--[\w-]+)`", " ".join(cells))) == options
    for argument in command.params:
        if isinstance(argument, click.Argument):
            assert argument.name.split("_")[0].upper() in cells[0]
    assert command.help, "the command's own help says what it does"


def test_commands_that_sentences_and_documents_name_exist():
    groups = {name.rsplit(" ", 1)[0] for name in COMMANDS} - {"lifecircle"}
    wrong = []
    for path in tracked("core/*.py", "tenants/*.py", "*.md"):
        text = path.read_text(encoding="utf-8")
        for first, second, words in re.findall(
            r"lifecircle ([a-z]+)( [a-z]+)?([ `][^\n\"]*)?", text
        ):
            one = f"lifecircle {first}"
            name = one + second if one in groups else one
            if name in groups or (one not in groups and one not in COMMANDS):
                continue  # a whole group; or prose: a lifecircle process
            if name not in COMMANDS:
                wrong.append(f"{path.relative_to(TOP)}: {name}")
                continue
            if COMMANDS[name].context_settings.get("ignore_unknown_options"):
                continue  # its words go on to another program
            known = {word for option in COMMANDS[name].params for word in option.opts}
            said = set(re.findall(r"(?<= )--[a-z-]+", re.split(r"[`，。,|]", words)[0]))
            wrong.extend(f"{path.relative_to(TOP)}: {name} {word}" for word in said - known)
    assert not wrong


@pytest.mark.parametrize("kind", error_classes(), ids=lambda kind: kind.code)
def test_every_error_is_told_with_its_status(kind):
    assert row_of("core/README.md", kind.code)[1] == str(kind.status)


def test_no_error_is_told_that_nobody_raises():
    codes = {kind.code for kind in error_classes()}
    told = {cells[0].strip("`") for cells in rows("core/README.md") if cells[1].isdigit()}
    assert told == codes


@pytest.mark.parametrize("word", [*Role, *Permission])
def test_every_role_and_permission_is_told(word):
    assert f"`{word}`" in (TOP / "tenants/README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("room", ROOMS_OF_THE_CORE, ids=lambda path: path.name)
def test_every_room_of_the_core_has_its_readme_and_its_place_on_the_map(room):
    assert (room / "README.md").is_file()
    assert f"`{room.name}/`" in (TOP / "core/README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("readme", tracked("*README.md"), ids=lambda path: str(path.parent.name))
def test_a_readme_fits_on_a_screen(readme):
    assert readme.read_text(encoding="utf-8").count("\n") <= SCREEN


@pytest.mark.parametrize("readme", tracked("*README.md"), ids=lambda path: str(path.parent.name))
def test_files_that_a_readme_names_are_there(readme):
    text = readme.read_text(encoding="utf-8")
    for name in re.findall(r"`([\w-][\w/.-]*\.(?:py|toml))`", text):
        bases = (TOP, readme.parent, readme.parent / "src", TOP / "tests", TOP / "core")
        near = any((base / name).exists() for base in bases)
        assert near or list(readme.parent.rglob(Path(name).name)), f"{readme}: {name}"

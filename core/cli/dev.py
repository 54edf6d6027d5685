"""``lifecircle dev``: the long tests of a checkout: chaos, determinism, fuzz, soak, isolation."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import click

from core.errors import Misconfigured

LONG = {
    "chaos": "故障注入：随机杀进程、清空队列、停顿，核对无丢失无重复。Random faults under load.",
    "determinism": "同样的输入，各种方式都算出同样的字节。The same bytes in every way to compute.",
    "fuzz": "恶意上传与请求：不崩溃、不半途写入。Hostile uploads and requests.",
    "soak": "长时间负载：内存、连接与临时文件不增长。A long load: nothing grows.",
    "isolation": "全部操作 × 角色 × 他人编号：无泄露。Every operation, role and foreign id.",
}


@click.group()
def dev() -> None:
    """代码仓库里的长时间测试。The long tests, which need a checkout."""


def checkout() -> Path:
    """Find the checkout that this command was installed from, with its tests.

    Raises
    ------
    Misconfigured
        There is none: the tests are no part of an installation.
    """
    found = importlib.util.find_spec("core")
    places = [] if found is None else list(found.submodule_search_locations or ())
    for place in places:
        top = Path(place).parent
        if (top / "tests" / "README.md").is_file() and (top / "pyproject.toml").is_file():
            return top
    raise Misconfigured(
        "这个命令需要源代码仓库，没有运行。请克隆仓库并在其中以 pip install -e '.[test]' 安装。",
        english="This command needs a checkout; nothing was run. Clone the repository and install "
        "it there with pip install -e '.[test]'.",
    )


def _command(name: str, sentence: str) -> click.Command:
    @click.command(
        name,
        help=sentence,
        context_settings={"ignore_unknown_options": True, "help_option_names": []},
    )
    @click.argument("words", nargs=-1, type=click.UNPROCESSED)
    def command(words: tuple[str, ...]) -> None:
        top = checkout()
        if not (top / "tests" / name / "__main__.py").is_file():
            raise Misconfigured(
                f"这个仓库里没有 tests/{name}，没有运行。请更新仓库。",
                english=f"There is no tests/{name} in this checkout; nothing was run. Update it.",
            )
        done = subprocess.run([sys.executable, "-m", f"tests.{name}", *words], cwd=top, check=False)
        sys.exit(done.returncode)

    return command


for _name, _sentence in LONG.items():
    dev.add_command(_command(_name, _sentence))

"""Invented names for streets, compounds and circles."""

from __future__ import annotations

import numpy as np

_FIRST = "安永长清德文景云锦玉金明广兴福泰宁康仁和春瑞"
_SECOND = "澜泉川月华阳平定源林柳桥亭溪岳庭岚汀"
_HOMES_FIRST = (
    "锦绣",
    "阳光",
    "书香",
    "翠湖",
    "丽景",
    "世纪",
    "祥和",
    "万和",
    "绿苑",
    "滨河",
    "金秋",
    "紫荆",
    "御景",
    "新城",
    "春晓",
    "桂园",
    "枫林",
    "悦府",
    "东篱",
    "听泉",
)
_HOMES_LAST = {
    "estate": ("新村", "小区", "家园", "宿舍", "苑"),
    "tower": ("花园", "名苑", "雅居", "公馆", "华府"),
    "new": ("新城", "首府", "天境", "云著", "澜庭"),
}


class Names:
    """Names that do not repeat within one city."""

    def __init__(self, rng: np.random.Generator) -> None:
        pairs = [a + b for a in _FIRST for b in _SECOND]
        self._pairs = [pairs[i] for i in rng.permutation(len(pairs))]
        compounds = {
            kind: [a + b for a in _HOMES_FIRST for b in last] for kind, last in _HOMES_LAST.items()
        }
        self._compounds = {
            kind: [names[i] for i in rng.permutation(len(names))]
            for kind, names in compounds.items()
        }
        self._taken: dict[str, int] = {}

    def pair(self) -> str:
        """Give two characters not given before; when all are used, with a number."""
        return self._next("", self._pairs)

    def compound(self, kind: str) -> str:
        """Give a compound's name in the fashion of its time."""
        return self._next(kind, self._compounds[kind])

    def _next(self, kind: str, names: list[str]) -> str:
        taken = self._taken.get(kind, 0)
        self._taken[kind] = taken + 1
        again, which = divmod(taken, len(names))
        return names[which] + (f"{again + 1}区" if again else "")

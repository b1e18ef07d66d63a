"""Link every member of the package into .dev/echodex/, where mypy and pyright look for `echodex`."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    rooms = {name.split(".")[1] for name in packages if "." in name}
    modules = {path.name for path in ROOT.glob("*.py")} | {"py.typed"}
    house = ROOT / ".dev" / "echodex"
    house.mkdir(parents=True, exist_ok=True)
    for link in house.iterdir():
        if link.name not in rooms | modules:
            link.unlink()
    for member in sorted(rooms | modules):
        link = house / member
        if not link.is_symlink():
            link.symlink_to(Path("..") / ".." / member)


if __name__ == "__main__":
    main()

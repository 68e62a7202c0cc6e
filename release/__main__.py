"""A release: sdist, wheel, a bill of what the wheel needs, and the checksums of all of them.

    python -m release [FOLDER]

The same commit makes the same bytes, whoever releases it and whenever: what has a time has that of
the commit, or `SOURCE_DATE_EPOCH`. The bill is of what is installed beside this Python, which is what
`requirements.lock` pins by hash.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from release.bill import bill

ROOT = Path(__file__).parents[1]
CHECKSUMS = "SHA256SUMS"


def release(folder: Path) -> list[Path]:
    """Make all of it in the folder, which has to be empty; what was made."""
    environment = os.environ | {"SOURCE_DATE_EPOCH": _epoch()}
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(folder)],
        cwd=ROOT,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    [wheel] = folder.glob("*.whl")
    name, version, *_ = wheel.name.split("-")
    bom = folder / f"{name}-{version}.cdx.json"
    bom.write_text(bill(ROOT, version), encoding="utf-8")
    made = sorted(folder.iterdir())
    sums = [f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n" for each in made]
    (folder / CHECKSUMS).write_text("".join(sums))
    return [*made, folder / CHECKSUMS]


def _epoch() -> str:
    """When what is released was committed, in seconds; raises ValueError where nobody says it."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return given
    asked = ["git", "-c", "safe.directory=*", "log", "-1", "--format=%ct"]
    told = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    if told.returncode:
        raise ValueError("this is no checkout: set SOURCE_DATE_EPOCH to the second of the release")
    return told.stdout.strip()


def main(arguments: list[str]) -> None:
    folder = Path(arguments[0] if arguments else "dist").absolute()
    folder.mkdir(exist_ok=True)
    if left := sorted(each.name for each in folder.iterdir()):
        sys.exit(f"release: {folder} has to be empty: remove {', '.join(left)}")
    try:
        made = release(folder)
    except ValueError as reason:
        sys.exit(f"release: {reason}")
    for each in made:
        print(each)


if __name__ == "__main__":
    main(sys.argv[1:])

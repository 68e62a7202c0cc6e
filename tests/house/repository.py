"""Which files are ours: what git tracks or would track, or everything in an unpacked archive."""

import shutil
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def files() -> tuple[Path, ...]:
    """Our files, relative to the root of the repository, in order."""
    if shutil.which("git") and (ROOT / ".git").exists():
        # Whoever owns the checkout: reading a list of names runs nothing out of it.
        listing = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
        listing += ["--cached", "--others", "--exclude-standard"]
        names = subprocess.run(
            listing, cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout.split("\0")
        found = {Path(name) for name in names if name}
    else:
        found = {path.relative_to(ROOT) for path in ROOT.rglob("*")}
        found = {path for path in found if not is_made(path) and path.parts[0] != ".git"}
    return tuple(sorted(path for path in found if (ROOT / path).is_file()))


@cache
def texts() -> dict[Path, str]:
    """What stands in those of our files that are text."""
    found = {}
    for path in files():
        content = (ROOT / path).read_bytes()
        if b"\0" not in content:
            found[path] = content.decode()
    return found


def is_made(path: Path) -> bool:
    """Whether .gitignore says that this is made by a command rather than kept."""
    return any(
        parent.match(pattern.strip("/"))
        for parent in (path, *path.parents)
        if parent != Path()
        for pattern in (ROOT / ".gitignore").read_text().split()
    )

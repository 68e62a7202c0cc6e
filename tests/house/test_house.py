"""What holds for every file of the project, whoever writes it."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.repository import ROOT, texts

# Put together here, so that this file does not name what it forbids.
REGISTRIES = [
    ".".join(labels)
    for labels in (
        ("pypi", "org"),
        ("python-hosted".replace("-", ""), "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("unpkg", "com"),
        ("jsdelivr", "net"),
        ("anaconda", "org"),
        ("docker", "io"),
        ("docker", "com"),
        ("ghcr", "io"),
        ("quay", "io"),
        ("gcr", "io"),
        ("crates", "io"),
    )
]
MACHINE_DIRECTORIES = ("work", "home", "root", "farm")
UNFINISHED = ("TO" + "DO", "FIX" + "ME")
PRETENCES = ("monkey" + "patch", "unittest." + "mock")

# A name that fits nowhere means that a noun is missing.
DRAWERS = {"services", "managers", "helpers", "utils", "common"}

READS_THE_CLOCK = {
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "sqlalchemy.func.now",
    "time.gmtime",
    "time.localtime",
    "time.time",
    "time.time_ns",
}
MAKES_IDENTITY = {"os.urandom", "secrets", "uuid.uuid1", "uuid.uuid4", "uuid.uuid6", "uuid.uuid7"}

PACKAGE = Path("src/kursplan")


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is the business of whoever installs."""
    assert lines_with("|".join(re.escape(host) for host in REGISTRIES)) == []


def test_no_file_names_a_path_of_one_machine() -> None:
    directories = "|".join(MACHINE_DIRECTORIES)
    assert lines_with(rf"(?<![\w./*~}}>-])/({directories})(?![\w-])") == []


def test_nothing_is_left_for_later() -> None:
    assert lines_with(rf"\b({'|'.join(UNFINISHED)})\b") == []


def test_tests_run_the_real_thing() -> None:
    """No pretended objects and no patched modules: what is tested is what runs."""
    found = lines_with("|".join(re.escape(word) for word in PRETENCES))
    assert [line for line in found if line.startswith("tests/")] == []


def test_every_module_is_named_for_what_it_is_about() -> None:
    names = {path: {*path.parent.parts, path.stem} for path in modules()}
    assert {path: drawer for path, parts in names.items() if (drawer := parts & DRAWERS)} == {}


def test_only_the_clock_reads_the_clock() -> None:
    """Time is an argument everywhere else, so that a test can say what time it is."""
    assert uses(READS_THE_CLOCK, outside=PACKAGE / "clock.py") == []


def test_only_ids_makes_fresh_ids_and_secrets() -> None:
    assert uses(MAKES_IDENTITY, outside=PACKAGE / "ids.py") == []


def test_the_lock_pins_whatever_the_project_asks_for() -> None:
    """`make lock` was run after the last change of the dependencies."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked_for = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    for extra in project["project"]["optional-dependencies"].values():
        asked_for.extend(extra)
    lock = (ROOT / "requirements.lock").read_text()
    pinned = dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", lock, re.MULTILINE))
    assert [
        str(requirement)
        for requirement in map(Requirement, asked_for)
        if (version := pinned.get(canonicalize_name(requirement.name))) is None
        or version not in requirement.specifier
    ] == []


@pytest.mark.parametrize(
    "source",
    [
        "import datetime\ndatetime.datetime.now(datetime.UTC)",
        "import datetime as dt\ndt.datetime.now()",
        "from datetime import datetime\ndatetime.now()",
        "from time import time\ntime()",
        "from time import time as seconds",
        "import sqlalchemy as sa\nsa.func.now()",
        "import secrets\nsecrets.token_hex()",
        "from secrets import token_hex",
        "def late():\n    from uuid import uuid4\n    return uuid4()",
    ],
)
def test_no_spelling_gets_past_the_two_rules_above(source: str) -> None:
    names = set(names_used(ast.parse(source)))
    assert any(is_among(name, READS_THE_CLOCK | MAKES_IDENTITY) for _, name in names)


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.monotonic()",
        "from uuid import UUID\nUUID(int=1)",
        "from datetime import datetime\ndatetime.fromtimestamp(0)",
        "def told(clock, secrets):\n    return clock.now(), secrets.first",
    ],
)
def test_the_two_rules_above_forbid_nothing_else(source: str) -> None:
    names = set(names_used(ast.parse(source)))
    assert not any(is_among(name, READS_THE_CLOCK | MAKES_IDENTITY) for _, name in names)


def modules() -> list[Path]:
    return [path for path in texts() if path.suffix == ".py" and path.is_relative_to("src")]


def lines_with(pattern: str) -> list[str]:
    """Every line of ours in which the pattern occurs, as `path:number: line`."""
    expression = re.compile(pattern)
    return [
        f"{path}:{number}: {line.strip()}"
        for path, text in texts().items()
        if expression.search(text)
        for number, line in enumerate(text.splitlines(), start=1)
        if expression.search(line)
    ]


def uses(forbidden: set[str], outside: Path) -> list[str]:
    """Where in src one of the forbidden names is used, as `path:line: name`."""
    return [
        f"{path}:{line}: {name}"
        for path in modules()
        if path != outside
        for line, name in names_used(ast.parse((ROOT / path).read_text()))
        if is_among(name, forbidden)
    ]


def is_among(name: str, forbidden: set[str]) -> bool:
    """Whether the name, or the module that it is taken from, is forbidden."""
    return any(name == each or name.startswith(f"{each}.") for each in forbidden)


def names_used(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every imported name in full, with its line: where it is imported, and where it is used."""
    imported: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                local = alias.asname or alias.name.partition(".")[0]
                imported[local] = alias.name if alias.asname else local
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                imported[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                yield node.lineno, f"{node.module}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            first, *rest = ast.unparse(node).split(".")
            if first in imported:
                yield node.lineno, ".".join([imported[first], *rest])

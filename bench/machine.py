"""What it was measured with, and on: enough to judge the figures, nothing that names the machine."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.postgres import installed_programs

PACKAGES = (
    "kursplan",
    "uvicorn",
    "uvloop",
    "httptools",
    "starlette",
    "msgspec",
    "sqlalchemy",
    "asyncpg",
    "fastapi",
    "pydantic",
)


def machine() -> dict[str, str]:
    """Processor, cores, memory and system."""
    return {
        "processor": _first("/proc/cpuinfo", r"^model name\s*:\s*(.+)$") or platform.machine(),
        "cores": str(os.cpu_count()),
        "memory": _memory(),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
    }


def versions() -> dict[str, str]:
    """Of everything that takes part, as far as it is installed."""
    found = {"Python": platform.python_version(), "SQLite": sqlite3.sqlite_version}
    found["PostgreSQL"] = _said_by(str(installed_programs() / "postgres"), "--version")
    found["wrk"] = _said_by("wrk", "-v")
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _first(file: str, pattern: str) -> str:
    found = re.search(pattern, Path(file).read_text(), re.MULTILINE)
    return found[1].strip() if found else ""


def _memory() -> str:
    kilobytes = _first("/proc/meminfo", r"^MemTotal:\s*(\d+) kB$")
    return f"{round(int(kilobytes) / 1024**2)} GB" if kilobytes else "unknown"


def _said_by(program: str, option: str) -> str:
    """The version in what the program writes; wrk calls that wrong usage."""
    done = subprocess.run([program, option], check=False, capture_output=True, text=True)
    found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return found[0] if found else "unknown"

"""The bill of materials: what the wheel needs, and what it has in it of others, with their licences.

It is a CycloneDX document. Of all that is installed beside this Python it names what `constraints.txt`
pins: what Kursplan needs with every extra, and what that needs in turn. Tools of its development are
left out.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

FACE = {
    "type": "file",
    "name": "Instrument Sans",
    "description": "The face of the pages, as files of the wheel.",
    "licenses": [{"license": {"id": "OFL-1.1"}}],
}
"""What is in the wheel and is not ours."""
IN_THEIR_OWN_WORDS = {"protobuf": "BSD-3-Clause"}
"""The licences of those whose metadata names none as SPDX does."""


def bill(root: Path, version: str) -> str:
    """The bill of the project in that folder, as JSON."""
    listed = subprocess.run(
        [
            *(sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible"),
            # To read again what it has written takes it ten times as long as to write it.
            *("--no-validate", "--mc-type", "application", "--pyproject", "pyproject.toml"),
            sys.executable,
        ],
        cwd=root,
        check=True,
        capture_output=True,
    ).stdout
    whole = json.loads(listed)
    ours = whole["metadata"]["component"]
    ours |= {"version": version, "components": [FACE]}
    needed = _needed(root)
    whole["components"] = [
        _with_licence(each) for each in whole["components"] if _name(each) in needed
    ]
    kept = {each["bom-ref"] for each in (ours, *whole["components"])}
    whole["dependencies"] = [
        each | {"dependsOn": [ref for ref in each.get("dependsOn", ()) if ref in kept]}
        for each in whole["dependencies"]
        if each["ref"] in kept
    ]
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _needed(root: Path) -> set[str]:
    pins = (root / "constraints.txt").read_text("utf-8")
    return {canonicalize_name(each) for each in re.findall(r"^([\w.-]+)==", pins, re.MULTILINE)}


def _name(component: Any) -> str:
    return canonicalize_name(component["name"])


def _with_licence(component: Any) -> Any:
    known = IN_THEIR_OWN_WORDS.get(_name(component))
    if known is None or component.get("licenses"):
        return component
    return component | {"licenses": [{"license": {"id": known}}]}

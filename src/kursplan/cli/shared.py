"""What lies beside the command on a machine: its page of the manual, and what shells complete by.

    python -m kursplan.cli.shared share

It is kept in the folder `share` of the repository and goes into the wheel, because who installs that
has no command yet to make it with.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from typer._completion_shared import get_completion_script

from kursplan.cli import manual

COMPLETIONS = {
    "bash": "bash-completion/completions/kursplan",
    "zsh": "zsh/site-functions/_kursplan",
    "fish": "fish/vendor_completions.d/kursplan.fish",
}
FROM_ITS_FILE = '\n\n[[ "${funcstack[1]}" == _kursplan ]] && _kursplan_completion "$@"'
"""zsh loads what it completes by when it is first asked, and then wants an answer at once."""


def files() -> Mapping[str, str]:
    """What each of them holds, by its name below the folder."""
    return {"man/man1/kursplan.1": manual.page()} | {
        name: _completion(shell) for shell, name in COMPLETIONS.items()
    }


def _completion(shell: str) -> str:
    script = get_completion_script(
        prog_name="kursplan", complete_var="_KURSPLAN_COMPLETE", shell=shell
    )
    return script + (FROM_ITS_FILE if shell == "zsh" else "") + "\n"


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for name, content in files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")

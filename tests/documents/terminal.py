"""Somebody who follows a document: terminals on an empty machine, and what they expect to see.

A machine is a folder, an empty HOME and a PATH on which nothing is installed but `kursplan` and what
every system has. Ports and hosts that documents name are replaced by some that are free here, so that
documents can be followed side by side.
"""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

PATIENCE_SECONDS = 60.0
_END = "\x1e"
"""What the shell writes when a command has succeeded, before the folder in which it is by then."""

KINDS = (
    r"whsec_[A-Za-z0-9+/]{10,}=*",
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])",
    r"\b[0-9]{4,}\b",
)
"""Samples: secrets, uuids, keys and ids, which are others on every machine."""
_ELLIPSIS = "…"


class Unexpected(AssertionError):
    """Something else came back than what is shown."""


class Samples:
    """What stands in the place of the ids and keys that a document shows.

    The first time that a sample is shown, it is learnt what it is here; after that it has to be the
    same, and in commands it is typed. `…` stands for anything.
    """

    def __init__(self, replaced: Mapping[str, str]) -> None:
        """`replaced` is known from the beginning: ports, hosts."""
        self._known = dict(replaced)

    def typed(self, command: str) -> str:
        for sample in sorted(self._known, key=len, reverse=True):
            command = re.sub(rf"(?<!\w){re.escape(sample)}(?!\w)", self._literally(sample), command)
        return command

    def _literally(self, sample: str) -> str:
        return self._known[sample].replace("\\", r"\\")

    def expect(self, shown: str, came: str) -> None:
        """Raises `Unexpected`."""
        pattern, new = "", dict[str, str]()
        for part in re.split(f"({'|'.join([*KINDS, _ELLIPSIS])})", shown):
            kind = next((each for each in KINDS if re.fullmatch(each, part)), None)
            if part == _ELLIPSIS:
                pattern += "(?s:.*?)"
            elif kind is None:
                pattern += re.escape(self.typed(part))
            elif part in self._known:
                pattern += re.escape(self._known[part])
            elif part in new:
                pattern += f"(?P={new[part]})"
            else:
                new[part] = f"sample_{len(new)}"
                pattern += f"(?P<{new[part]}>{kind})"
        found = re.fullmatch(pattern.strip(), came.strip())
        if found is None:
            raise Unexpected(f"shown is\n{shown}\nbut what came is\n{came}")
        self._known |= {sample: found[name] for sample, name in new.items()}


class Terminal:
    """A shell in a folder, into which a reader types."""

    def __init__(self, folder: Path, environment: Mapping[str, str], scripts: Path) -> None:
        """`scripts` is a folder for what is typed."""
        self.folder = folder
        self._scripts = scripts
        self._shell = subprocess.Popen(
            ["sh", "-e"],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self._shell.stdout is not None
        os.set_blocking(self._shell.stdout.fileno(), False)
        self.is_busy = False

    def run(self, commands: str) -> str:
        """What they wrote. Raises `Unexpected` where they fail: then the shell ends."""
        self._type(commands)
        wrote, _, folder = self._read_until(f"{_END}.*\n").rpartition(_END)
        self.folder = Path(folder.strip())
        return wrote

    def start(self, server: str, sign: str) -> None:
        """Run what goes on until Ctrl-C, and wait until it is ready."""
        self.is_busy = True
        self._type(server)
        self._read_until(sign)

    def interrupt(self) -> None:
        """Ctrl-C, and the end of this terminal."""
        if self._shell.poll() is None:
            os.killpg(self._shell.pid, signal.SIGINT)
        self.close()

    def close(self) -> None:
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.close()
        try:
            self._shell.wait(PATIENCE_SECONDS / 2)
        except subprocess.TimeoutExpired:
            os.killpg(self._shell.pid, signal.SIGKILL)
            self._shell.wait()
        self._shell.stdout.close()

    def _type(self, commands: str) -> None:
        # From a file, so that no command takes the next one for its input.
        script = self._scripts / f"{len(list(self._scripts.iterdir()))}.sh"
        script.write_text(commands + "\n", "utf-8")
        assert self._shell.stdin is not None
        line = f". {script} </dev/null; printf '{_END}%s\\n' \"$PWD\"\n"
        self._shell.stdin.write(line.encode())
        self._shell.stdin.flush()

    def _read_until(self, sign: str) -> str:
        assert self._shell.stdout is not None
        deadline, came = time.monotonic() + PATIENCE_SECONDS, b""
        with selectors.DefaultSelector() as ready:
            ready.register(self._shell.stdout, selectors.EVENT_READ)
            while not re.search(sign, text := came.decode(errors="replace")):
                if not ready.select(deadline - time.monotonic()):
                    raise Unexpected(f"nothing more came after:\n{text}")
                more = os.read(self._shell.stdout.fileno(), 65536)
                if not more:
                    raise Unexpected(f"it ended with:\n{text}")
                came += more
        return text


class Reader:
    """Follows blocks of commands, with as many terminals as that takes."""

    def __init__(self, folder: Path, environment: Mapping[str, str], samples: Samples) -> None:
        self._folder, self._environment, self._samples = folder, environment, samples
        self._scripts = folder.parent / "typed"
        self._scripts.mkdir()
        self._terminals: list[Terminal] = []

    def follow(
        self, command: str, shown: str | None, ready: str | None, *, again: bool = False
    ) -> None:
        """Type a command; `ready` is what it says when it is one that goes on until Ctrl-C.

        With `again` it is typed again, for a while, where something else came back.
        """
        typed = self._samples.typed(command)
        if ready is not None:
            self._free().start(typed, ready)
            return
        terminal = self._free()
        patience = time.monotonic() + (PATIENCE_SECONDS if again else 0)
        while True:
            came = terminal.run(typed)
            self._folder = terminal.folder
            try:
                self._samples.expect(_ELLIPSIS if shown is None else shown, came)
            except Unexpected:
                if time.monotonic() > patience:
                    raise
            else:
                return

    def interrupt(self) -> None:
        """Stop everything that goes on."""
        for each in self._terminals:
            if each.is_busy:
                each.interrupt()
        self._terminals = [each for each in self._terminals if not each.is_busy]

    def leave(self) -> None:
        self.interrupt()
        for each in self._terminals:
            each.close()

    def _free(self) -> Terminal:
        """The terminal that nothing runs in; if need be a new one, in the folder of the last.

        It knows nothing of what was said in the others.
        """
        for each in self._terminals:
            if not each.is_busy:
                return each
        self._terminals.append(Terminal(self._folder, self._environment, self._scripts))
        return self._terminals[-1]

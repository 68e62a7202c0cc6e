"""Stands between a test run and a server that it started: ends the server when the tests are gone.

    python keeper.py USER DIRECTORY COMMAND...

runs COMMAND in DIRECTORY as USER (empty: as ourselves) until standard input ends, then interrupts
it and removes DIRECTORY. Standard input is a pipe whose other end only the test run holds, so it
ends whichever way the test run does: finished, interrupted, timed out or killed.

This is a program of its own, with nothing imported but the standard library, so that it starts fast.
"""

import pwd
import shutil
import signal
import subprocess
import sys
import threading


def keep(user: str, directory: str, command: list[str]) -> int:
    # Whoever runs the tests in the background has them ignore interrupts; the server shall not.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    server = subprocess.Popen(
        command,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        user=user or None,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=[] if user else None,
    )

    def interrupt_when_the_tests_are_gone() -> None:
        sys.stdin.read()
        server.send_signal(signal.SIGINT)  # To PostgreSQL and Redis alike: end now, and tidily.

    threading.Thread(target=interrupt_when_the_tests_are_gone, daemon=True).start()
    code = server.wait()
    shutil.rmtree(directory, ignore_errors=True)
    return code


if __name__ == "__main__":
    _, user, directory, *command = sys.argv
    sys.exit(keep(user, directory, command))

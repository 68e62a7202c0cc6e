"""The units under a real systemd, which is the first process of namespaces of its own.

It needs root and a kernel that lets them be made. It knows no units but ours and the targets that they name, so
nothing of the machine is set up or tidied by it; what it shares with it is the kernel and the loopback address.

Its mounts have to be shared among each other. A credential is a file system of its own, which a helper of systemd
mounts in a namespace of the helper's; the service sees it because /run hands mounts on. On a machine systemd makes
all mounts shared before anything else; in what it takes for a container it leaves that to whoever made it. With
private mounts the service finds an empty folder there that only root may enter, and says "permission denied".
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

import kursplan
from tests.throwaway import free_port, not_installed

PATIENCE_SECONDS = 100
WATCHDOG_SECONDS = 5
SYSTEMD = Path("/lib/systemd/systemd")
SPACES = ("--mount", "--pid", "--cgroup", "--ipc", "--uts")

BOOT = """
set -eu
mount --make-rprivate /
mount -t proc proc /proc
for each in /run /usr/local/sbin /var; do mount -t tmpfs -o mode=755 tmpfs $each; done
mkdir -m 1777 /var/tmp
mkdir -p /var/lib /var/cache /var/log /run/etc/more /run/etc/work
mount -t overlay -o lowerdir=/etc,upperdir=/run/etc/more,workdir=/run/etc/work overlay /etc
mount -t tmpfs -o mode=755 tmpfs /etc/systemd/system
umount -R /sys/fs/cgroup || true
mount -t cgroup2 cgroup2 /sys/fs/cgroup

mkdir -p /run/opt/kursplan/bin /run/opt/kursplan/src /run/opt/kursplan/packages
mount --bind "$SOURCE" /run/opt/kursplan/src
mount --bind "$PACKAGES" /run/opt/kursplan/packages
cat > /run/opt/kursplan/bin/kursplan <<END
#!/bin/sh
PYTHONPATH=/run/opt/kursplan/src:/run/opt/kursplan/packages exec $PYTHON -m kursplan "\\$@"
END
chmod 755 /run/opt/kursplan/bin/kursplan
/run/opt/kursplan/bin/kursplan setup systemd --to / --listen 127.0.0.1:$PORT --command /run/opt/kursplan/bin/kursplan
systemd-sysusers /etc/sysusers.d/kursplan.conf
install -d -o kursplan -g kursplan -m 0700 /var/lib/kursplan

for each in sysinit basic sockets timers shutdown network-online multi-user; do
    printf '[Unit]\\nDefaultDependencies=no\\n' > /etc/systemd/system/$each.target
done
mkdir /etc/systemd/system/kursplan.service.d
printf '[Service]\\nWatchdogSec=%s\\nTimeoutStopSec=%s\\n' $WATCHDOG $WATCHDOG > /etc/systemd/system/kursplan.service.d/test.conf
mount -t tmpfs -o mode=1777 tmpfs /tmp
mount --make-rshared /  # Among ourselves: so credentials reach the service.
export SYSTEMD_UNIT_PATH=/etc/systemd/system container=kursplan-test
exec $SYSTEMD --system --unit=basic.target
"""


class Machine:
    """What systemd runs, seen from outside."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (folder / "boot.sh").write_text(BOOT)
        told = {
            "SOURCE": Path(kursplan.__file__).parent.parent,
            "PACKAGES": sysconfig.get_path("purelib"),
            "PYTHON": Path(sys.executable).resolve(),
            "SYSTEMD": SYSTEMD,
            "PORT": self.port,
            "WATCHDOG": WATCHDOG_SECONDS,
        }
        self._log = (folder / "boot.log").open("w+")
        self._unshare = subprocess.Popen(
            ["unshare", *SPACES, "--fork", "--kill-child", "bash", folder / "boot.sh"],
            env={"PATH": os.environ["PATH"]} | {name: str(each) for name, each in told.items()},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    @property
    def _first(self) -> int | None:
        """The first process of the namespaces."""
        pid = self._unshare.pid
        with suppress(OSError, IndexError):
            return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
        return None

    def run(self, *words: object) -> subprocess.CompletedProcess[str]:
        """A command of root's on that machine."""
        enter = ["nsenter", f"--target={self._first}", "--all", "--", *map(str, words)]
        return subprocess.run(
            enter, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
        )

    def says(self, *words: object) -> str:
        ran = self.run(*words)
        assert ran.returncode == 0, (words, ran.stdout, ran.stderr)
        return ran.stdout.strip()

    def shown(self, unit: str, what: str) -> str:
        return self.says("systemctl", "show", "--value", "--property", what, unit)

    def is_up(self) -> bool:
        if self._unshare.poll() is not None:
            self._log.seek(0)
            pytest.skip(f"no systemd can be started in namespaces here: {self._log.read()[-500:]}")
        if self._first is None:
            return False
        return self.run("systemctl", "is-active", "basic.target").stdout.strip() == "active"

    def stop(self) -> None:
        if (first := self._first) is not None:
            os.kill(first, signal.SIGKILL)  # And with it all that is in its namespace.
        self._unshare.wait()
        self._log.close()


def until(holds: Callable[[], bool]) -> None:
    """Wait for what takes as long as it does."""
    for _ in range(PATIENCE_SECONDS * 5):
        if holds():
            return
        time.sleep(0.2)
    raise AssertionError("that took too long")


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    if not SYSTEMD.exists() or shutil.which("nsenter") is None:
        not_installed("systemd", "install it (Debian, Ubuntu: apt-get install systemd).")
    if os.geteuid() != 0:
        pytest.skip("only root can make the namespaces in which systemd runs")
    folder = tmp_path_factory.mktemp("machine")
    made = Machine(folder)
    try:
        until(made.is_up)
        made.says("/usr/local/sbin/kursplan-as-service", "db", "upgrade")
        yield made
    finally:
        made.stop()


@pytest.mark.timeout(300)
def test_who_knocks_first_starts_it_and_it_says_that_it_is_ready(machine: Machine) -> None:
    machine.says("systemctl", "start", "kursplan.socket")
    assert machine.shown("kursplan.service", "ActiveState") == "inactive"

    answer = httpx.get(f"{machine.url}/health/ready", timeout=PATIENCE_SECONDS)

    assert answer.json() == {"status": "ready"}
    until(lambda: machine.shown("kursplan.service", "ActiveState") == "active")
    # Nobody but root can read where the database is; the service was handed it.
    pid = machine.shown("kursplan.service", "MainPID")
    assert machine.says("stat", "--format=%a %U", "/etc/kursplan/database-url") == "600 root"
    assert machine.says("stat", "--format=%U", f"/proc/{pid}") == "kursplan"
    environment = machine.says("cat", f"/proc/{pid}/environ").split("\0")
    assert (
        "KURSPLAN_DATABASE_URL_FILE=/run/credentials/kursplan.service/database-url" in environment
    )
    assert not [each for each in environment if each.startswith("KURSPLAN_DATABASE_URL=")]


@pytest.mark.timeout(300)
def test_a_process_that_hangs_is_ended_and_started_again(machine: Machine) -> None:
    machine.says("systemctl", "start", "kursplan.service")
    hanging = machine.shown("kursplan.service", "MainPID")

    machine.says("kill", "-STOP", hanging)

    until(lambda: machine.shown("kursplan.service", "NRestarts") == "1")
    until(lambda: machine.shown("kursplan.service", "ActiveState") == "active")
    assert machine.shown("kursplan.service", "MainPID") != hanging
    answer = httpx.get(f"{machine.url}/health/ready", timeout=PATIENCE_SECONDS)
    assert answer.json() == {"status": "ready"}


@pytest.mark.timeout(300)
def test_the_backup_and_the_doctor_come_by_night(machine: Machine) -> None:
    timers = ("kursplan-backup.timer", "kursplan-doctor.timer")
    machine.says("systemctl", "start", *timers)
    for timer in timers:
        assert machine.shown(timer, "ActiveState") == "active"
        assert machine.shown(timer, "NextElapseUSecRealtime")

    for service in ("kursplan-backup.service", "kursplan-doctor.service"):
        machine.says("systemctl", "start", service)
        assert machine.shown(service, "Result") == "success"

    [backup] = machine.says("ls", "/var/lib/kursplan/backups").split()
    assert backup.endswith(".db")
    note = machine.says("stat", "--format=%a %U", "/var/cache/kursplan/doctor.prom")
    assert note == "644 kursplan"
    shown = machine.says("cat", "/var/cache/kursplan/doctor.prom")
    assert "kursplan_doctor_last_run_timestamp_seconds" in shown


@pytest.mark.timeout(300)
def test_a_backup_is_restored_once_nothing_starts_the_service_again(machine: Machine) -> None:
    machine.says("systemctl", "start", "kursplan.service")
    machine.says("/usr/local/sbin/kursplan-as-service", "backup", "/var/lib/kursplan/before.db")
    restore = ("/usr/local/sbin/kursplan-as-service", "restore", "/var/lib/kursplan/before.db")

    # Who knocks while the service alone is stopped has it started.
    machine.says("systemctl", "stop", "kursplan.service")
    assert httpx.get(f"{machine.url}/health/ready", timeout=PATIENCE_SECONDS).is_success
    refused = machine.run(*restore, "--yes")
    assert (refused.returncode, "a server lives on" in refused.stderr) == (1, True)

    machine.says("systemctl", "stop", "kursplan.socket", "kursplan.service")
    machine.says(*restore, "--yes")
    machine.says("systemctl", "start", "kursplan.socket", "kursplan.service")

    answer = httpx.get(f"{machine.url}/health/ready", timeout=PATIENCE_SECONDS)
    assert answer.json() == {"status": "ready"}
    kept = machine.says("stat", "--format=%a %U", "/var/lib/kursplan/kursplan.db.replaced-1")
    assert kept == "600 kursplan"

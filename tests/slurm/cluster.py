"""A Slurm of one node on loopback, without accounting, that leaves nothing behind."""

import getpass
import os
import platform
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "sinfo", "scontrol")
NODE = "dock"
PARTITION = "harbor"
FEATURES = "x86_64_v3,tidal"
PATIENCE = 60
CONFIGURATION = """\
ClusterName=spackbin
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={place}/munge.socket,cred_expire=3
StateSaveLocation={place}/state
SlurmdSpoolDir={place}/spool
SlurmctldPidFile={place}/slurmctld.pid
SlurmdPidFile={place}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/builtin
SchedulerParameters=sched_min_interval=100000,requeue_delay=0
SlurmdParameters=config_overrides
MpiDefault=none
ReturnToService=2
MessageTimeout=2
KillWait=2
MinJobAge=10
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 CPUs=8 RealMemory=1000 Feature={features}
PartitionName={partition} Nodes={node} Default=YES MaxTime=INFINITE State=UP
"""


class Cluster:
    """munged, slurmctld and slurmd, each a child of ours."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.configuration = place / "slurm.conf"
        self._stack = ExitStack()
        self._controller: subprocess.Popen[bytes] | None = None
        for name in ("state", "spool"):
            (place / name).mkdir()
        (place / "munge.key").write_bytes(secrets.token_bytes(128))
        (place / "munge.key").chmod(0o600)
        # Jobs of whatever user reach the socket, and nobody lists what is beside it.
        place.chmod(0o711)
        text = CONFIGURATION.format(
            place=place,
            host=platform.node(),
            user=getpass.getuser(),
            controller_port=_free_port(),
            node_port=_free_port(),
            node=NODE,
            features=FEATURES,
            partition=PARTITION,
        )
        self.configuration.write_text(text)

    @property
    def environ(self) -> Mapping[str, str]:
        """Where Slurm's programs find it."""
        return {**os.environ, "SLURM_CONF": str(self.configuration)}

    def start(self) -> None:
        """Start all of it; returns when it takes jobs."""
        munge = {name: f"{self.place}/munge.{name}" for name in ("key", "pid", "log", "seed")}
        files = [f"--{name}-file={path}" for name, path in munge.items()]
        socket_path = self.place / "munge.socket"
        self._start("munged", "--foreground", f"--socket={socket_path}", *files)
        _wait(socket_path.exists)
        self.start_controller()
        self._start("slurmd", "-D", "-f", str(self.configuration), "-N", NODE)
        _wait(lambda: self.say("sinfo", "--noheader", "--format=%T") == "idle\n")

    def start_controller(self) -> None:
        """Start the controller, at first or again."""
        self._controller = self._start("slurmctld", "-D", "-f", str(self.configuration))
        _wait(lambda: "is UP" in self.say("scontrol", "ping"))

    def stop_controller(self) -> None:
        """Let nobody answer; what runs runs on."""
        assert self._controller
        self._controller.terminate()
        self._controller.wait(PATIENCE)

    def clear(self) -> None:
        """End all jobs."""
        self.say("scancel", f"--user={getpass.getuser()}")
        _wait(lambda: not self.say("squeue", "--noheader", "--format=%i"))

    def stop(self) -> None:
        """End the jobs, then the rest."""
        self.clear()
        self._stack.close()

    def say(self, *command: str) -> str:
        """Run one of Slurm's programs; returns what it prints."""
        return subprocess.run(
            command, env=self.environ, capture_output=True, text=True, check=False, timeout=PATIENCE
        ).stdout

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        log = self._stack.enter_context((self.place / f"{command[0]}.out").open("ab"))
        environ = {**self.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
        daemon = subprocess.Popen(
            command, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        self._stack.callback(_end, daemon)
        return daemon


def slurm_is_here() -> bool:
    """Whether all its programs are on this machine."""
    places = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    return all(shutil.which(program, path=places) for program in PROGRAMS)


def _end(daemon: subprocess.Popen[bytes]) -> None:
    """At once: what it would still write goes away with it."""
    daemon.kill()
    daemon.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(is_so: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end, is_so
        time.sleep(0.05)

"""Mirrors and their keys."""

import time

from core.errors import Interrupted, SpackbinError
from core.model.ident import MirrorName
from tui.jobs.job import DRAIN_SECONDS, Job, perform
from tui.messages import facts, requests


@perform.register
def _read_mirrors(_: requests.ReadMirrors, job: Job) -> None:
    job.tell(facts.MirrorsRead(job.session.mirrors(), job.session.mirror_notes()))


@perform.register
def _read_known_mirrors(_: requests.ReadKnownMirrors, job: Job) -> None:
    job.tell(facts.KnownMirrorsRead(job.session.known_mirrors()))


@perform.register
def _add_mirror(request: requests.AddMirror, job: Job) -> None:
    added = job.session.add_mirror(
        request.name,
        request.url,
        signed=request.signed,
        channel=request.channel,
        keys_page=request.keys_page,
        confirmed=request.confirmed,
    )
    job.tell(facts.MirrorAdded(added))


@perform.register
def _remove_mirror(request: requests.RemoveMirror, job: Job) -> None:
    job.session.remove_mirror(request.name)
    job.tell(facts.MirrorRemoved(request.name))


@perform.register
def _refresh_mirrors(request: requests.RefreshMirrors, job: Job) -> None:
    for name in request.names:
        last = 0.0

        def report(step: str, done: int, total: int, name: MirrorName = name) -> None:
            nonlocal last
            if time.monotonic() - last >= DRAIN_SECONDS:
                last = time.monotonic()
                job.tell(facts.RefreshProgressed(name, step, done, total))

        try:
            job.session.refresh(
                name, cancel=job.token, progress=report, accept_older=request.accept_older
            )
        except Interrupted:
            raise
        except SpackbinError as error:
            job.tell(facts.RefreshFailed(name, error))
    job.tell(facts.MirrorsRefreshed(request.names))


@perform.register
def _read_keys(request: requests.ReadKeys, job: Job) -> None:
    job.tell(facts.KeysRead(request.mirror, job.session.keys(request.mirror)))


@perform.register
def _trust_key(request: requests.TrustKey, job: Job) -> None:
    trusted = job.session.trust(
        request.mirror,
        request.fingerprint,
        from_spack=request.from_spack,
        despite_disagreement=request.despite_disagreement,
    )
    job.tell(facts.KeyTrusted(trusted))


@perform.register
def _distrust_key(request: requests.DistrustKey, job: Job) -> None:
    job.session.distrust(request.mirror, request.fingerprint)
    job.tell(facts.KeyDistrusted(request.mirror, request.fingerprint))

"""What is known of keys and mirrors before somebody decides about them."""

from core.model.ident import mirror_name
from core.model.mirror import badge_of, guessed_channel
from core.session.quarantine import quarantine_store
from tui.jobs.job import Job, perform
from tui.messages import trust


@perform.register
def _check_mirror(request: trust.CheckMirror, job: Job) -> None:
    session, signed = job.session, request.signed
    warnings = session.mirror_warnings(
        request.name, request.url, signed=signed, channel=request.channel
    )
    badge = badge_of(request.channel or guessed_channel(request.url), signed=signed)
    store = quarantine_store(session.settings.store, mirror_name(request.name))
    job.tell(trust.MirrorChecked(request, badge, warnings, str(store)))


@perform.register
def _read_key_report(request: trust.ReadKeyReport, job: Job) -> None:
    job.tell(trust.KeyReportRead(job.session.key_report(request.mirror)))


@perform.register
def _read_spack_keys(request: trust.ReadSpackKeys, job: Job) -> None:
    job.tell(trust.SpackKeysRead(request.mirror, job.session.keys_of_spack(request.mirror)))

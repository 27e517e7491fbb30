"""The journal of a run."""

import fcntl
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.engine.journal import JournalWriter, Run, new_run, runs
from core.errors import StoreError
from core.events import Event, LogWritten, PhaseStarted, RunFinished, decode_event, encode_event
from core.model.ident import DagHash
from core.settings import Settings


def settings_below(tmp_path: Path) -> Settings:
    return Settings(
        store=tmp_path / "store",
        config_dir=tmp_path / "config",
        cache_dir=tmp_path / "cache",
        state_dir=tmp_path / "state",
    )


def finished() -> RunFinished:
    return RunFinished(time=2.0, installed=1, failed=0, skipped=0, seconds=1.5, exit_status=0)


def test_events_come_back_as_they_were_written(tmp_path: Path) -> None:
    run = new_run(settings_below(tmp_path), {"version": 1})
    node = DagHash("a" * 32)
    written: list[Event] = [
        PhaseStarted(time=1.0, node=node, phase="fetch", total=10),
        LogWritten(time=1.5, node=None, text="foreign \x1b[31m text\nwith a break"),
        finished(),
    ]
    writer = JournalWriter(run.directory)
    writer.append(written[0])
    assert run.events() == written[:1]
    writer.append(written[1])
    writer.append(written[2])
    writer.close()
    assert run.events() == written[1:]
    assert run.events() == []
    late = Run(run.directory)
    assert late.events() == written
    assert run.history() == written


def test_a_line_being_written_is_not_read_before_it_is_whole(tmp_path: Path) -> None:
    run = new_run(settings_below(tmp_path), {})
    line = encode_event(finished())
    with (run.directory / "journal.jsonl").open("ab", buffering=0) as stream:
        stream.write(line[:20])
        assert run.events() == []
        stream.write(line[20:])
        assert run.events() == [decode_event(line)]


def test_a_line_that_cannot_be_understood_hides_no_other(tmp_path: Path) -> None:
    run = new_run(settings_below(tmp_path), {})
    with (run.directory / "journal.jsonl").open("ab", buffering=0) as stream:
        stream.write(b'{"event":"Pha\n{"event":"FromTheFuture","time":1.0}\n\n')
        stream.write(encode_event(finished()))
    assert run.events() == [finished()]


def test_a_run_is_alive_while_somebody_holds_its_lock(tmp_path: Path) -> None:
    run = new_run(settings_below(tmp_path), {})
    assert not run.is_alive()
    with (run.directory / "engine.lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert run.is_alive()
    assert not run.is_alive()


def test_runs_are_listed_newest_first_and_per_store(tmp_path: Path) -> None:
    settings = settings_below(tmp_path)
    assert runs(settings) == []
    made = [new_run(settings, {}).id for _ in range(3)]
    assert [run.id for run in runs(settings)] == made[::-1]
    other = replace(settings, store=tmp_path / "other")
    assert runs(other) == []


def test_a_state_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    settings = settings_below(tmp_path)
    settings.state_dir.write_text("a file where a directory should be")
    with pytest.raises(StoreError) as caught:
        new_run(settings, {})
    assert str(settings.state_dir) in str(caught.value)


def test_after_the_last_event_nothing_follows(tmp_path: Path) -> None:
    run = new_run(settings_below(tmp_path), {})
    writer = JournalWriter(run.directory)
    writer.append(finished())
    writer.append(LogWritten(time=3.0, node=None, text="from a thread that nobody waited for"))
    writer.close()
    writer.append(LogWritten(time=4.0, node=None, text="too late"))
    assert run.events() == [finished()]


def test_a_line_cut_off_by_death_does_not_spoil_the_next(tmp_path: Path) -> None:
    run = new_run(settings_below(tmp_path), {})
    (run.directory / "journal.jsonl").write_bytes(b'{"event":"Pha')
    writer = JournalWriter(run.directory)
    writer.append(finished())
    writer.close()
    assert run.events() == [finished()]


def test_a_journal_that_cannot_be_written_is_said_plainly(tmp_path: Path) -> None:
    run = new_run(settings_below(tmp_path), {})
    (run.directory / "journal.jsonl").symlink_to("/dev/full")
    writer = JournalWriter(run.directory)
    with pytest.raises(StoreError, match="journal of the run cannot be written: No space left"):
        writer.append(finished())
    writer.close()


def test_the_request_is_had_on_disk_with_the_journal_and_nobody_waits_for_it_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[int] = []
    flush = os.fsync

    def noted(descriptor: int) -> None:
        flushed.append(os.fstat(descriptor).st_ino)
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    run = new_run(settings_below(tmp_path), {"version": 1})
    assert flushed == []
    journal = (run.directory / "journal.jsonl", run.directory / "request.json")
    writer = JournalWriter(run.directory)
    writer.append(PhaseStarted(time=1.0, node=DagHash("a" * 32), phase="register", total=0))
    writer.sync()
    assert flushed == [path.stat().st_ino for path in journal]
    writer.sync()
    assert flushed[2:] == [journal[0].stat().st_ino]
    writer.close()

"""The sbang that we install: it starts what it should, with the arguments it got."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from core.errors import StoreError
from core.store.sbang import DEFAULT_SHEBANG_LIMIT, SCRIPT, install_sbang, system_shebang_limit


@pytest.fixture
def sbang(tmp_path: Path) -> Path:
    path = tmp_path / "store" / "bin" / "sbang"
    install_sbang(path)
    return path


def interpreter(directory: Path, name: str) -> Path:
    """A program that says by which words it was called."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_text('#!/bin/sh\nprintf "[%s]" "$0" "$@"\n')
    path.chmod(0o755)
    return path


def run(
    script: Path, *arguments: str, environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [script, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
        env={**os.environ, **(environ or {})},
    )


def make_script(tmp_path: Path, sbang: Path, text: str) -> Path:
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh {sbang}\n{text}")
    script.chmod(0o755)
    return script


def test_mode_and_place(sbang: Path) -> None:
    assert stat.S_IMODE(sbang.stat().st_mode) == 0o2755
    assert stat.S_IMODE(sbang.parent.stat().st_mode) == 0o755
    assert [path.name for path in sbang.parent.iterdir()] == ["sbang"]


def test_it_keeps_the_mode_under_any_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        install_sbang(tmp_path / "bin" / "sbang")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "bin" / "sbang").stat().st_mode) == 0o2755
    assert stat.S_IMODE((tmp_path / "bin").stat().st_mode) == 0o755


def test_a_shell_script_runs(sbang: Path, tmp_path: Path) -> None:
    script = make_script(tmp_path, sbang, '#!/bin/sh\nprintf "<%s>" "$@"\nexit 3\n')
    done = run(script, "a b", "*", "", "$HOME")
    assert done.stdout == "<a b><*><><$HOME>"
    assert done.returncode == 3


@pytest.mark.parametrize(
    ("name", "line", "words"),
    [
        ("tool", "#!{path}", ["{script}", "x y"]),
        ("tool", "#! {path} -f one", ["-f", "one", "{script}", "x y"]),
        ("tool", "#!{path} *", ["*", "{script}", "x y"]),
        ("lua", "--!{path}", ["{script}", "x y"]),
        ("luajit", "--!{path} -O2", ["-O2", "{script}", "x y"]),
        ("node", "//!{path} --flag", ["--flag", "{script}", "x y"]),
        ("php", "<?php #!{path} -q\n ?>", ["-q", "{script}", "x y"]),
        ("php", "<?php #!{path} -q ?>", ["-q", "{script}", "x y"]),
        ("perl", "#!{path} -w", ["-w", "-x", "{script}", "x y"]),
        ("perl5.38", "#!{path}", ["-x", "{script}", "x y"]),
        ("ruby", "#!{path}", ["-x", "{script}", "x y"]),
        ("perltidy", "#!{path}", ["{script}", "x y"]),
    ],
)
def test_the_interpreter_gets_its_words(
    name: str, line: str, words: list[str], sbang: Path, tmp_path: Path
) -> None:
    path = interpreter(tmp_path / ("x" * 200), name)
    script = make_script(tmp_path, sbang, line.format(path=path) + "\n")
    done = run(script, "x y")
    wanted = [str(path), *(word.format(script=script) for word in words)]
    assert done.stdout == "".join(f"[{word}]" for word in wanted)
    assert done.returncode == 0


@pytest.mark.parametrize("line", ["#!/usr/bin/env perl", "#!/usr/bin/env -S A=b/c perl"])
def test_perl_by_way_of_env(line: str, sbang: Path, tmp_path: Path) -> None:
    interpreter(tmp_path / "programs", "perl")
    script = make_script(tmp_path, sbang, f"{line}\n")
    done = run(script, "x", environ={"PATH": f"{tmp_path}/programs:{os.environ['PATH']}"})
    assert done.stdout == f"[{tmp_path}/programs/perl][-x][{script}][x]"


def test_env_with_another_program(sbang: Path, tmp_path: Path) -> None:
    script = make_script(tmp_path, sbang, '#!/usr/bin/env sh\necho "$1"\n')
    assert run(script, "fine").stdout == "fine\n"


def test_only_the_first_two_lines_count(sbang: Path, tmp_path: Path) -> None:
    script = make_script(tmp_path, sbang, "#!/bin/cat\n#!/bin/false\nend")
    assert run(script).stdout.endswith("#!/bin/cat\n#!/bin/false\nend")


def test_a_last_line_without_its_end_counts(sbang: Path, tmp_path: Path) -> None:
    script = make_script(tmp_path, sbang, "#!/bin/cat")
    assert run(script).stdout.endswith("#!/bin/cat")


@pytest.mark.parametrize("text", ["", "print 1\n", "#!/bin/sh {sbang}\n", "#!{sbang}\n"])
def test_it_does_not_start_itself(text: str, sbang: Path, tmp_path: Path) -> None:
    done = run(make_script(tmp_path, sbang, text.format(sbang=sbang)))
    assert done.returncode == 126
    assert "sbang" in done.stderr


@pytest.mark.parametrize("arguments", [[], ["/nowhere/at/all"]])
def test_it_says_what_it_lacks(arguments: list[str], sbang: Path) -> None:
    done = run(sbang, *arguments)
    assert done.returncode == 126
    assert done.stderr.startswith("sbang: ")


def test_another_sbang_that_is_there_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "sbang"
    path.write_text("#!/bin/sh\n# that of Spack\n")
    path.chmod(0o2755)
    install_sbang(path)
    assert "that of Spack" in path.read_text()


@pytest.mark.parametrize(
    ("content", "mode"),
    [
        ("", 0o755),
        ("no script", 0o755),
        ("#!/bin/sh\n", 0o644),
        (SCRIPT.replace("spackbin, 1", "spackbin, 0"), 0o2755),
    ],
)
def test_a_broken_or_an_old_one_is_replaced(content: str, mode: int, tmp_path: Path) -> None:
    path = tmp_path / "sbang"
    path.write_text(content)
    path.chmod(mode)
    install_sbang(path)
    assert path.read_text() == SCRIPT
    assert stat.S_IMODE(path.stat().st_mode) == 0o2755


def test_ours_is_not_written_again(sbang: Path) -> None:
    before = sbang.stat()
    install_sbang(sbang)
    after = sbang.stat()
    # Not all of it: the time of the last reading may be another.
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "bin").write_text("a file")
    with pytest.raises(StoreError, match="sbang cannot be written"):
        install_sbang(tmp_path / "bin" / "sbang")


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("#define BINPRM_BUF_SIZE 256\n", 255),
        ("/* x */\n#define BINPRM_BUF_SIZE 128\n", 127),
        ("nothing\n", DEFAULT_SHEBANG_LIMIT),
    ],
)
def test_the_limit_of_the_system(text: str, limit: int, tmp_path: Path) -> None:
    (tmp_path / "binfmts.h").write_text(text)
    assert system_shebang_limit(tmp_path / "binfmts.h") == limit


def test_the_limit_of_a_system_without_headers(tmp_path: Path) -> None:
    assert system_shebang_limit(tmp_path / "binfmts.h") == DEFAULT_SHEBANG_LIMIT


def test_the_limit_of_macos(tmp_path: Path) -> None:
    (tmp_path / "binfmts.h").write_text("#define BINPRM_BUF_SIZE 256\n")
    assert system_shebang_limit(tmp_path / "binfmts.h", "darwin") == 511

"""Archives that must not be unpacked: each is refused by name and leaves nothing."""

import gzip
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from golden_packages import make_artifact
from packing import PREFIX, Packer, hello_node, snapshot

from core.archive.limits import Limits
from core.cancel import CancelToken
from core.engine.place import ExtractedTree, extract
from core.errors import Refused
from core.model.spec import ConcreteSpec

TINY = Limits(entries=60, ratio=1, always=200_000, depth=20)


def unpack(
    data: bytes, spec: ConcreteSpec, tmp_path: Path, limits: Limits | None = None
) -> ExtractedTree:
    archive = tmp_path / "archive"
    archive.write_bytes(data)
    return extract(
        make_artifact(spec, archive),
        tmp_path / "store" / "stage",
        progress=lambda _done, _total: None,
        cancel=CancelToken(),
        limits=limits,
    )


def refusal_of(
    data: bytes, spec: ConcreteSpec, tmp_path: Path, limits: Limits | None = None
) -> Refused:
    """The refusal; nothing was written but, at most, below the stage."""
    store = tmp_path / "store"
    store.mkdir()
    (store / "neighbour").write_text("untouched")
    (tmp_path / "archive").write_bytes(data)
    before = snapshot(tmp_path)
    with pytest.raises(Refused) as caught:
        unpack(data, spec, tmp_path, limits)
    assert type(caught.value) is Refused
    assert caught.value.exit_status == 3
    assert str(caught.value).isprintable()
    assert snapshot(tmp_path, without=[store / "stage"]) == before
    assert not (store / "stage" / ".spack" / "spec.json").exists()
    return caught.value


Change = Callable[[Packer], None]


def add(name: str, kind: bytes = tarfile.REGTYPE, **more: object) -> Change:
    return lambda packer: packer.add(name, kind, **more)  # type: ignore[arg-type]


def through_a_link(packer: Packer) -> None:
    packer.add("way", tarfile.SYMTYPE, link="/tmp")
    packer.add("way/file", data=b"x")


def link_instead_of_directory(packer: Packer) -> None:
    packer.add("lib", tarfile.DIRTYPE)
    packer.add("lib", tarfile.SYMTYPE, link="/tmp")
    packer.add("lib/file", data=b"x")


def twice(packer: Packer) -> None:
    packer.add("file", data=b"one")
    packer.add("file", data=b"two")


def hardlink_to_link(packer: Packer) -> None:
    packer.add("way", tarfile.SYMTYPE, link="/etc/passwd")
    packer.add("hard", tarfile.LNKTYPE, link=f"{PREFIX}/way")


def sparse(packer: Packer) -> None:
    packer.add(
        "holes",
        data=b"x",
        pax={
            "GNU.sparse.major": "0",
            "GNU.sparse.minor": "1",
            "GNU.sparse.name": f"{PREFIX}/holes",
            "GNU.sparse.size": str(10**12),
            "GNU.sparse.map": "0,1",
        },
    )


def global_header(packer: Packer) -> None:
    header = tarfile.TarInfo.create_pax_global_header({"path": "../../evil"})
    packer.tar.fileobj.write(header)  # type: ignore[union-attr]
    packer.tar.offset += len(header)


def deep(packer: Packer) -> None:
    for count in range(1, 30):
        packer.add("/".join("d" * count), tarfile.DIRTYPE)


def many(packer: Packer) -> None:
    for count in range(100):
        packer.add(f"file{count}")


CASES: dict[str, tuple[Change, str]] = {
    "dots": (add("../../evil", data=b"x"), "leads outside"),
    "dots-in-the-middle": (add("lib/../../../evil", data=b"x"), "leads outside"),
    "dots-from-the-top": (add("../evil", top="", data=b"x"), "leads outside"),
    "absolute": (add("/tmp/evil", top="", data=b"x"), "absolute"),
    "absolute-after-the-prefix": (add("/tmp/evil", data=b"x"), "plain form"),
    "sibling": (add(f"{PREFIX}-evil", top="", data=b"x"), "outside of the prefix"),
    "elsewhere": (add("etc/evil", top="", data=b"x"), "outside of the prefix"),
    "parent-is-a-file": (add("opt", top="", data=b"x"), "outside of the prefix"),
    "no-directory-before": (add("lib/file", data=b"x"), "does not follow a directory"),
    "through-a-link": (through_a_link, "does not follow a directory"),
    "link-instead-of-directory": (link_instead_of_directory, "twice"),
    "hardlink-outside": (add("hard", tarfile.LNKTYPE, link="etc/passwd"), "leads outside"),
    "hardlink-with-dots": (
        add("hard", tarfile.LNKTYPE, link=f"{PREFIX}/../../../etc/passwd"),
        "does not lead to an earlier file",
    ),
    "hardlink-absolute": (add("hard", tarfile.LNKTYPE, link="/etc/passwd"), "leads outside"),
    "hardlink-missing": (
        add("hard", tarfile.LNKTYPE, link=f"{PREFIX}/later"),
        "does not lead to an earlier file",
    ),
    "hardlink-to-link": (hardlink_to_link, "does not lead to an earlier file"),
    "character-device": (add("null", tarfile.CHRTYPE), "neither file"),
    "block-device": (add("disk", tarfile.BLKTYPE), "neither file"),
    "fifo": (add("pipe", tarfile.FIFOTYPE), "neither file"),
    "unknown-kind": (add("what", b"Z"), "neither file"),
    "contiguous": (add("what", tarfile.CONTTYPE), "neither file"),
    "set-uid": (add("su", data=b"x", mode=0o4755), "set-uid"),
    "set-gid": (add("sg", data=b"x", mode=0o2755), "set-gid"),
    "twice": (twice, "a name twice"),
    "newline": (add("a\nb"), "control character"),
    "escape": (add("a\x1b[2Jb"), "control character"),
    "nul": (add("nul", pax={"path": f"{PREFIX}/a\0b"}), "control character"),
    "newline-in-a-target": (add("l", tarfile.SYMTYPE, link="a\nb"), "control character"),
    "no-target": (add("l", tarfile.SYMTYPE), "leads nowhere"),
    "long-part": (add("x" * 256), "longer than 255 bytes"),
    "long-name": (add("/".join(["x" * 200] * 16)), "longer than 3000 bytes"),
    "long-target": (add("l", tarfile.SYMTYPE, link="x" * 5000), "longer than 3000 bytes"),
    "double-slash": (add("lib//file"), "plain form"),
    "dot": (add("./file"), "plain form"),
    "deep": (deep, "deeper than 20 directories"),
    "many": (many, "more than 60 members"),
    "bomb": (add("zeros", data=bytes(1_000_000)), "unpacks to more than 200000 bytes"),
    "sparse": (sparse, "does not say its size plainly"),
    "global-header": (global_header, "holds for all members"),
    "negative-size": (add("file", data=b"x", pax={"size": "-512"}), "refused"),
    "metadata-parked": (add(".spack/.spec.json.staged"), "writes its own"),
    "metadata-directory": (
        add(".spack/install_manifest.json", tarfile.DIRTYPE),
        "writes its own",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_bad_member_is_refused(
    case: str, packer: Packer, hello: ConcreteSpec, tmp_path: Path
) -> None:
    change, reason = CASES[case]
    change(packer)
    error = refusal_of(packer.whole(), hello, tmp_path, TINY)
    assert reason in error.title
    assert "mirror" in error.hint


def test_a_huge_header_is_not_read(packer: Packer, hello: ConcreteSpec, tmp_path: Path) -> None:
    packer.add("file", pax={"comment": "x" * 2_000_000})
    assert "header is too large" in refusal_of(packer.whole(), hello, tmp_path).title


def test_without_the_bad_member_it_is_unpacked(
    packer: Packer, hello: ConcreteSpec, tmp_path: Path
) -> None:
    packer.add("bin", tarfile.DIRTYPE)
    packer.add("bin", tarfile.DIRTYPE)  # a directory may come again
    packer.add("bin/tool", data=b"x", mode=0o755)
    packer.add("bin/hard", tarfile.LNKTYPE, link=f"{PREFIX}/bin/tool")
    packer.add("bin/outside", tarfile.SYMTYPE, link="/etc/hostname")
    packer.add("bin/up", tarfile.SYMTYPE, link="../../../../../x")
    packer.add("caf\udce9", data=b"not UTF-8")
    (tmp_path / "store").mkdir()
    tree = unpack(packer.whole(), hello, tmp_path, TINY)
    assert (tree.stage / "bin" / "tool").stat().st_mtime == 0
    assert (tree.stage / "bin" / "hard").samefile(tree.stage / "bin" / "tool")
    assert (tree.stage / "caf\udce9").read_bytes() == b"not UTF-8"
    assert str((tree.stage / "bin" / "up").readlink()) == "../../../../../x"


@pytest.mark.parametrize("cut", [1, 9, 15, 60, -9, -1])
def test_a_truncated_archive_is_refused(
    cut: int, packer: Packer, hello: ConcreteSpec, tmp_path: Path
) -> None:
    error = refusal_of(packer.whole()[:cut], hello, tmp_path)
    assert "cut short" in error.title


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: b"", "cut short"),
        (lambda data: b"<html>please log in</html>", "compression is damaged"),
        (lambda data: data + b"x", "something follows"),
        (lambda data: data + bytes(512), "something follows"),
        (lambda data: data + gzip.compress(b"x"), "something follows"),
        (lambda data: data[:-5] + bytes([data[-5] ^ 1]) + data[-4:], "compression is damaged"),
        (lambda data: gzip.compress(b""), "not a readable tar"),
        (lambda data: gzip.compress(b"x" * 2048), "not a readable tar"),
        (lambda data: gzip.compress(gzip.decompress(data).rstrip(b"\0")), "refused"),
        (lambda data: gzip.compress(gzip.decompress(data) + b"hidden"), "read to its end"),
    ],
)
def test_what_is_no_whole_archive_is_refused(
    change: Callable[[bytes], bytes],
    reason: str,
    packer: Packer,
    hello: ConcreteSpec,
    tmp_path: Path,
) -> None:
    assert reason in refusal_of(change(packer.whole()), hello, tmp_path).title


def test_a_damaged_header_is_no_end(packer: Packer, hello: ConcreteSpec, tmp_path: Path) -> None:
    packer.add("a-file", data=b"x")
    data = bytearray(gzip.decompress(packer.whole()))
    at = data.rindex(b"a-file") - len(PREFIX) - 1
    data[at + 150] ^= 1  # within the checksum
    error = refusal_of(gzip.compress(bytes(data)), hello, tmp_path)
    assert "cannot be read to its end" in error.title or "no Spack package" in error.title


def test_an_end_before_the_build_info_is_noticed(
    packer: Packer, hello: ConcreteSpec, tmp_path: Path
) -> None:
    packer.spec()
    packer.build_info()
    packer.tar.fileobj.write(bytes(1024))  # type: ignore[union-attr]
    packer.tar.offset += 1024
    packer.add("hidden", data=b"behind the end")
    assert "read to its end" in refusal_of(packer.packed(), hello, tmp_path).title


def test_without_build_info_it_is_no_package(
    packer: Packer, hello: ConcreteSpec, tmp_path: Path
) -> None:
    packer.spec()
    error = refusal_of(packer.packed(), hello, tmp_path)
    assert ".spack/binary_distribution is missing" in error.title


def test_with_two_build_infos_it_is_refused(
    packer: Packer, hello: ConcreteSpec, tmp_path: Path
) -> None:
    packer.build_info()
    assert "more than once" in refusal_of(packer.whole(), hello, tmp_path).title


def test_with_a_second_package_inside_it_is_refused(
    packer: Packer, hello: ConcreteSpec, tmp_path: Path
) -> None:
    packer.add("inner", tarfile.DIRTYPE)
    packer.add("inner/.spack", tarfile.DIRTYPE)
    packer.add("inner/.spack/binary_distribution", data=b"{}")
    assert "more than once" in refusal_of(packer.whole(), hello, tmp_path).title


def test_without_a_prefix_it_is_refused(hello: ConcreteSpec, tmp_path: Path) -> None:
    stream = io.BytesIO()
    with tarfile.TarFile(fileobj=stream, mode="w") as tar:
        tar.addfile(tarfile.TarInfo(".spack/binary_distribution"))
    error = refusal_of(gzip.compress(stream.getvalue()), hello, tmp_path)
    assert "no Spack package" in error.title


def test_without_an_entry_for_the_prefix_it_is_refused(hello: ConcreteSpec, tmp_path: Path) -> None:
    stream = io.BytesIO()
    with tarfile.TarFile(fileobj=stream, mode="w") as tar:
        tar.addfile(tarfile.TarInfo(f"{PREFIX}/.spack/binary_distribution"))
    error = refusal_of(gzip.compress(stream.getvalue()), hello, tmp_path)
    assert "does not follow a directory" in error.title


def test_without_a_spec_it_is_refused(packer: Packer, hello: ConcreteSpec, tmp_path: Path) -> None:
    packer.build_info()
    assert "spec.json is missing" in refusal_of(packer.packed(), hello, tmp_path).title


def test_a_link_to_the_spec_is_refused(packer: Packer, hello: ConcreteSpec, tmp_path: Path) -> None:
    packer.spec()
    packer.add("hard", tarfile.LNKTYPE, link=f"{PREFIX}/.spack/spec.json")
    packer.build_info()
    assert "hard link leads to the spec" in refusal_of(packer.packed(), hello, tmp_path).title


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        (hello_node(hash_="b" * 32), "hello@1.0/bbbbbbb, not hello@1.0/aaaaaaa"),
        (hello_node(version="1.1"), "hello@1.1"),
        (hello_node() | {"name": "goodbye"}, "goodbye@1.0"),
        (hello_node() | {"hash": "short"}, "cannot be read"),
    ],
)
def test_another_package_than_asked_for_is_refused(
    node: dict[str, object], reason: str, packer: Packer, hello: ConcreteSpec, tmp_path: Path
) -> None:
    packer.spec(node)
    packer.build_info()
    assert reason in refusal_of(packer.packed(), hello, tmp_path).title


@pytest.mark.parametrize(
    "document", [b"", b"[]", b"{}", b'{"spec": {"nodes": []}}', b'{"spec": [1]}', b"\xff"]
)
def test_a_broken_spec_is_refused(
    document: bytes, packer: Packer, hello: ConcreteSpec, tmp_path: Path
) -> None:
    packer.add(".spack/spec.json", data=document)
    packer.build_info()
    assert "spec cannot be read" in refusal_of(packer.packed(), hello, tmp_path).title


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("relocate_binaries", ["bin/missing"]),
        ("relocate_textfiles", ["bin"]),
        ("relocate_textfiles", ["link"]),
        ("relocate_links", ["bin/tool"]),
        ("relocate_links", ["bin/missing"]),
        ("relocate_textfiles", ["link/passwd"]),
        ("relocate_textfiles", ["../x"]),
        ("relocate_binaries", ["/etc/passwd"]),
        ("relocate_textfiles", [".spack/spec.json"]),
    ],
)
def test_build_info_that_names_something_else_is_refused(
    key: str, value: list[str], packer: Packer, hello: ConcreteSpec, tmp_path: Path
) -> None:
    packer.add("bin", tarfile.DIRTYPE)
    packer.add("bin/tool", data=b"x")
    packer.add("link", tarfile.SYMTYPE, link="/etc")
    packer.info[key] = value
    refusal_of(packer.whole(), hello, tmp_path)

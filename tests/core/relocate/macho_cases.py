"""Mach-O files and moves for which it is recorded what real Spack makes of them."""

from tests.core.relocate.macho_maker import (
    ARM64,
    I386,
    ID_DYLIB,
    LOAD_DYLIB,
    LOAD_WEAK_DYLIB,
    RPATH,
    X86_64,
    MachO,
    make_fat,
    make_macho,
)

ROOT = "/opt/build/__spack_path_placeholder__/__spack_path"
PACKAGE = f"{ROOT}/darwin-m1/pkg-1.0-7qykkygiboj"
DEPENDENCY = f"{ROOT}/darwin-m1/dep-2.0-abcdefghijk"
_WHAT = ID_DYLIB, f"{PACKAGE}/lib/liba.dylib".encode()
PATHS = (
    _WHAT,
    (LOAD_DYLIB, f"{DEPENDENCY}/lib/libb.dylib".encode()),
    (LOAD_DYLIB, f"{ROOT}/darwin-m1/gone-1.0-ggggggggggg/lib/libg.dylib".encode()),
    (LOAD_DYLIB, b"@rpath/libc.dylib"),
    (LOAD_DYLIB, b"/usr/lib/libSystem.B.dylib"),
    (LOAD_WEAK_DYLIB, f"{DEPENDENCY}/lib/libb.dylib".encode()),
    (LOAD_WEAK_DYLIB, f"{DEPENDENCY}/lib/libweak.dylib".encode()),
    (RPATH, f"{PACKAGE}/lib".encode()),
    (RPATH, f"{DEPENDENCY}/lib".encode()),
    (RPATH, b"@loader_path/../lib"),
)
STRINGS = f"a {PACKAGE}/share/data\0{DEPENDENCY}\0{ROOT}/x\0".encode() + b"code" * 2500
OTHER_ID = (ID_DYLIB, f"{DEPENDENCY}/lib/other.dylib".encode())

MOVES: dict[str, tuple[tuple[str, str], ...]] = {
    "shorter": ((PACKAGE, "/srv/s/darwin-m1/pkg-1.0-7qykkygiboj"), (ROOT, "/srv/s")),
    "upstream": (
        (PACKAGE, "/srv/s/darwin-m1/pkg-1.0-7qykkygiboj"),
        (DEPENDENCY, "/up/dep-2.0-abcdefghijk"),
        (ROOT, "/srv/s"),
    ),
    "equal": ((PACKAGE, PACKAGE.replace("/opt", "/srv")), (ROOT, ROOT.replace("/opt", "/srv"))),
    "longer": ((PACKAGE, PACKAGE.replace("/opt", "/apps")), (ROOT, ROOT.replace("/opt", "/apps"))),
}
"""By name, pairs of an old path and its new one; the root comes last."""


def _made(paths: tuple[tuple[int, bytes], ...] = PATHS, **more: object) -> bytes:
    return make_macho(MachO(paths, text=STRINGS, **more))  # pyright: ignore[reportArgumentType]


def files() -> dict[str, bytes]:
    """By name, the files. Those without strings are for the move to longer paths, too."""
    return {
        "x86_64": _made(),
        "arm64": _made(cpu=ARM64),
        "i386": _made(cpu=I386, wide=False),
        "big-endian": _made(cpu=I386, wide=False, order=">"),
        "program": _made(PATHS[1:], kind=2),
        "fat": make_fat(MachO(PATHS, text=STRINGS), MachO(PATHS, cpu=ARM64, text=STRINGS)),
        "fat-of-one": make_fat(MachO(PATHS, text=STRINGS)),
        "fat-ids": make_fat(
            MachO((OTHER_ID, *PATHS[1:]), text=STRINGS), MachO(PATHS, cpu=ARM64, text=STRINGS)
        ),
        "rpath-twice": _made((*PATHS, PATHS[-3])),
        "tight": _made(gap=16),
        "libgcc_s.1.dylib": _made(),
        "object.o": _made(),
        "no-strings": make_macho(MachO((*PATHS[:5], *PATHS[7:]))),
        "no-strings-fat": make_fat(MachO(PATHS[:5]), MachO(PATHS[:5], cpu=ARM64)),
    }


def signed_files() -> dict[str, bytes]:
    """By name, files with an ad-hoc signature in which that name stands."""
    return {
        "liba.dylib": _made(cpu=ARM64, signed="liba.dylib"),
        "libb.dylib": _made(cpu=X86_64, signed="libb.dylib"),
    }

"""Places that this user may not look at: no program ends by them, whatever names them."""

from collections.abc import Generator
from pathlib import Path

import pytest
from msgspec.structs import replace
from store_helpers import GLIBC, KELP, ordinary_user

from core.blobs.cache import BlobCache
from core.blobs.usage import default_limit
from core.environment.read import read_environment
from core.errors import NotAvailable, WrongUse
from core.host.externals import absent_externals
from core.model.graph import SpecGraph
from core.model.ident import Sha256
from core.model.installed import InstalledRecord
from core.settings import load_settings
from core.spack.facts import configuration_stamp, read_facts
from core.spack.instance import SpackInstance, find_spack
from core.spack.scopes import scopes_of
from core.store.announced import complete_announced, is_announced
from core.store.disk import is_directory
from core.store.paths import StorePaths
from core.store.records import is_present
from core.store.space import look_at_space
from core.trust.keys import read_keyring


@pytest.fixture
def shut() -> Generator[Path]:
    """A directory that is there, in one that we may not enter."""
    with ordinary_user() as place:
        shut = place / "private" / "inside"
        shut.mkdir(parents=True)
        (shut / "etc" / "spack").mkdir(parents=True)
        shut.parent.chmod(0)
        try:
            yield shut
        finally:
            shut.parent.chmod(0o700)


def test_the_database_is_believed_of_what_we_may_not_see(shut: Path, graph: SpecGraph) -> None:
    record = InstalledRecord(graph[KELP], str(shut), True, True, 0, 0.0)
    assert is_present(record)
    assert not is_present(replace(record, prefix=str(shut.parent.parent / "gone")))
    assert not is_directory(f"{shut.parent.parent}/\0")
    assert is_directory(shut.parent)
    assert not is_announced(StorePaths(shut))
    assert complete_announced(StorePaths(shut)) == ()


def test_what_is_outside_of_the_store_is_not_there_for_us(shut: Path, graph: SpecGraph) -> None:
    external = graph[GLIBC].external
    assert external
    there = replace(graph[GLIBC], external=replace(external, path=str(shut)))
    assert list(absent_externals(SpecGraph((GLIBC,), {GLIBC: there}))) == [GLIBC]
    assert look_at_space(shut / "store").bytes_free
    with pytest.raises(WrongUse, match="no Spack environment"):
        read_environment(shut)
    with pytest.raises(WrongUse, match="The config file cannot be read: permission denied"):
        load_settings({"config_dir": str(shut)}, {})


def test_the_cache_and_keys_of_others_are_left_out_where_they_are_shut(shut: Path) -> None:
    blobs = BlobCache(shut.parent.parent / "cache", (shut,))
    assert not blobs.has(Sha256("0" * 64))
    assert default_limit(shut / "cache") > 0
    with pytest.raises(NotAvailable, match="no keyring"):
        read_keyring(shut)


def test_a_spack_that_we_may_not_read_is_none(shut: Path) -> None:
    assert find_spack({"SPACK_ROOT": str(shut), "PATH": ""}) is None
    assert find_spack({}, shut) is None
    place = {"HOME": str(shut), "SPACK_SYSTEM_CONFIG_PATH": str(shut / "site.yaml")}
    spack = SpackInstance(shut.parent.parent, place)
    assert shut / "site.yaml" in scopes_of(spack).paths
    assert any("Permission denied" in note for note in read_facts(spack).notes)
    assert configuration_stamp(spack) == ()

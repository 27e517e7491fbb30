"""Names by how well they answer what was typed."""

from difflib import get_close_matches

from hypothesis import given
from hypothesis import strategies as st

from core.query.names import rank_names

NAMES = ("py-h5py", "netcdf-c", "hdf5-blosc", "hdf5", "hdf", "openmpi", "mpich", "adios2")


def test_the_name_itself_comes_first_then_beginnings_then_parts() -> None:
    assert rank_names("hdf5", NAMES) == ["hdf5", "hdf5-blosc"]
    assert rank_names("hdf", NAMES) == ["hdf", "hdf5", "hdf5-blosc"]
    assert rank_names("mpi", NAMES) == ["mpich", "openmpi"]
    assert rank_names("HDF5", NAMES) == ["hdf5", "hdf5-blosc"]


def test_names_that_look_alike_answer_only_if_no_other_does() -> None:
    assert rank_names("opnmpi", NAMES) == ["openmpi"]
    assert rank_names("netcfd-c", NAMES) == ["netcdf-c"]
    assert rank_names("zzz", NAMES) == []


def test_nothing_typed_is_answered_by_all_by_alphabet() -> None:
    assert rank_names("", NAMES) == sorted(NAMES)


@given(
    text=st.text("abclz-0", min_size=1, max_size=8),
    names=st.sets(st.text("abclz-0", min_size=1, max_size=10), max_size=12),
)
def test_no_name_that_looks_alike_is_ruled_out(text: str, names: set[str]) -> None:
    given_names = sorted(name for name in names if text not in name)
    assert rank_names(text, given_names) == get_close_matches(text, given_names, n=5, cutoff=0.7)

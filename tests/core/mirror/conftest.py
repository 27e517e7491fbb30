"""A client of a simulated mirror."""

from tests.core.mirror.reading import client  # noqa: F401

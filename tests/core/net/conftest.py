"""The simulated mirrors."""

from tests.core.net.asking import http, server  # noqa: F401
from tests.simulator.fixtures import (  # noqa: F401
    key_ring,
    other_key,
    serving,
    signing_key,
    simulated,
)

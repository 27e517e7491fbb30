"""The simulated mirrors, and what verifies them."""

from tests.core.trust.trusting import verify  # noqa: F401
from tests.simulator.fixtures import (  # noqa: F401
    key_ring,
    other_key,
    serving,
    signing_key,
    simulated,
)

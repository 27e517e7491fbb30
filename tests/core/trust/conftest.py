"""What verifies a simulated mirror."""

from tests.core.trust.trusting import verify  # noqa: F401

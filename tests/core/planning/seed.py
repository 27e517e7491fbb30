"""The table that this program began with: one mirror, four kinds of machines."""

from core.catalog.groups import BuildGroup

SEED = {
    ("amzn2", "graviton2"): 3,
    ("amzn2", "aarch64"): 2,
    ("amzn2", "x86_64_v4"): 4,
    ("ubuntu18.04", "x86_64"): 1,
}
"""(operating system, target) to the number of builds."""


def seed_groups() -> list[BuildGroup]:
    """Builds of as many packages, made before indices named C libraries."""
    return [
        BuildGroup(f"p{number}", "linux", os, target, "", compiled=True, builds=1)
        for (os, target), builds in SEED.items()
        for number in range(builds)
    ]

"""Which graphics processors a machine has, by what the kernel says of them.

Nothing is started: the tools of the makers can take long, and are often not there.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from core.model.host import Gpu

_VENDORS = {"0x10de": "nvidia", "0x1002": "amd", "0x8086": "intel"}
_NVIDIA_VERSION = re.compile(r"Kernel Module\s+(?:for \S+\s+)?([0-9]+(?:\.[0-9]+)+)")
_NVIDIA_MODEL = re.compile(r"^Model:\s*(.+?)\s*$", re.MULTILINE)


def detect_gpus(root: Path) -> tuple[Gpu, ...]:
    """The graphics processors of a machine.

    Args:
        root: where the file system of the machine is, `/` for this one.
    """
    nvidia = tuple(_by_the_nvidia_driver(root / "proc/driver/nvidia"))
    others = (gpu for gpu in _by_the_kernel(root) if not (nvidia and gpu.vendor == "nvidia"))
    return (*nvidia, *others)


def _by_the_nvidia_driver(driver: Path) -> Iterator[Gpu]:
    version = _NVIDIA_VERSION.search(_text(driver / "version"))
    if version is None:
        return
    models = [
        found[1] if (found := _NVIDIA_MODEL.search(_text(path))) else ""
        for path in sorted(driver.glob("gpus/*/information"))
    ]
    # The driver can be loaded in a container that does not show its devices.
    for model in models or [""]:
        yield Gpu("nvidia", model, f"nvidia {version[1]}")


def _by_the_kernel(root: Path) -> Iterator[Gpu]:
    """Cards of makers whose processors compute; the small ones of servers' consoles do not."""
    for card in sorted((root / "sys/class/drm").glob("card[0-9]*")):
        device = card / "device"
        vendor = _VENDORS.get(_text(device / "vendor").strip())
        if card.name.removeprefix("card").isdigit() and vendor:
            driver = device / "driver"
            name = driver.resolve().name if driver.exists() else ""
            version = _text(root / "sys/module" / name / "version").strip() if name else ""
            product = _text(device / "product_name").strip()
            yield Gpu(vendor, product, f"{name} {version}".strip())


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""

"""Graphics processors, by what the kernel says of them."""

from pathlib import Path

import pytest

from core.host.gpu import detect_gpus
from core.model.host import Gpu

PROPRIETARY = (
    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.82.01  Wed Oct 27 21:21:55 2021\n"
)
OPEN = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.90.07  Release Build\n"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def card(root: Path, name: str, vendor: str, driver: str = "") -> Path:
    """A card as /sys shows it."""
    device = root / "sys/devices" / name
    write(device / "vendor", f"{vendor}\n")
    entry = root / "sys/class/drm" / name
    entry.mkdir(parents=True)
    (entry / "device").symlink_to(device)
    if driver:
        (root / "sys/bus/pci/drivers" / driver).mkdir(parents=True, exist_ok=True)
        (device / "driver").symlink_to(root / "sys/bus/pci/drivers" / driver)
    return device


@pytest.mark.parametrize(("text", "version"), [(PROPRIETARY, "470.82.01"), (OPEN, "550.90.07")])
def test_the_nvidia_driver_says_what_there_is(tmp_path: Path, text: str, version: str) -> None:
    write(tmp_path / "proc/driver/nvidia/version", text)
    assert detect_gpus(tmp_path) == (Gpu("nvidia", "", f"nvidia {version}"),)
    for number in ("0000:07:00.0", "0000:0f:00.0"):
        information = "Model: \t\t NVIDIA A100-SXM4-40GB\nIRQ:   \t\t 44\n"
        write(tmp_path / f"proc/driver/nvidia/gpus/{number}/information", information)
    # The same processor, seen by the kernel, is not counted again.
    card(tmp_path, "card0", "0x10de", "nvidia")
    assert (
        detect_gpus(tmp_path) == (Gpu("nvidia", "NVIDIA A100-SXM4-40GB", f"nvidia {version}"),) * 2
    )


def test_cards_of_other_makers(tmp_path: Path) -> None:
    device = card(tmp_path, "card1", "0x1002", "amdgpu")
    write(device / "product_name", "Instinct MI250X\n")
    write(tmp_path / "sys/module/amdgpu/version", "6.8.5\n")
    card(tmp_path, "card2", "0x8086")
    card(tmp_path, "card3", "0x1a03", "ast")  # the console of a server
    card(tmp_path, "card1-HDMI-A-1", "0x1002", "amdgpu")  # a socket of a card
    card(tmp_path, "card4", "0x10de", "nouveau")
    assert detect_gpus(tmp_path) == (
        Gpu("amd", "Instinct MI250X", "amdgpu 6.8.5"),
        Gpu("intel", "", ""),
        Gpu("nvidia", "", "nouveau"),
    )


def test_a_machine_without_any(tmp_path: Path) -> None:
    assert detect_gpus(tmp_path) == ()
    write(tmp_path / "proc/driver/nvidia/version", "what is this\n")
    assert detect_gpus(tmp_path) == ()

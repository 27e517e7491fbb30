"""How large and how deep an archive may be."""

from msgspec.structs import replace

from core.model.value import Value


class Limits(Value, frozen=True):
    """Bounds for what comes out of an archive. The defaults are far above real packages."""

    entries: int = 1_000_000
    """Members in all."""
    few: int = 10_000
    """Members that are allowed however small the archive is."""
    member: int = 16
    """Compressed bytes for each member beyond `few`; real packages stay above 90."""
    ratio: int = 200
    """Unpacked bytes for each compressed one; real packages stay below 70."""
    always: int = 512 * 2**20
    """Unpacked bytes that are allowed whatever the ratio."""
    depth: int = 200
    """Directories above a member, counted from the top of the archive."""
    component: int = 255
    """Bytes of one component of a path, what Linux file systems can hold."""
    path: int = 3000
    """Bytes of a whole path; leaves room for a store before it (Linux ends at 4096)."""

    def unpacked(self, compressed: int) -> int:
        """Unpacked bytes that an archive of `compressed` bytes may have."""
        return max(self.always, self.ratio * compressed)

    def within(self, compressed: int) -> "Limits":
        """The same for one archive of `compressed` bytes, which its signed manifest tells."""
        entries = min(self.entries, max(self.few, compressed // self.member))
        return replace(self, entries=entries, always=self.unpacked(compressed), ratio=0)

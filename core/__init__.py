"""spackbin's headless core: mirrors, trust, planning, install, relocation, the store.

Nothing below this package imports Textual, Rich or `tui`.
"""

__version__ = "0.1.0"

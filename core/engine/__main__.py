"""`python -m core.engine DIRECTORY`: the engine process."""

import sys

from core.engine.worker import main

sys.exit(main(sys.argv[1]))

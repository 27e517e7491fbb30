"""`python -m core.engine`: the engine process, see `core.engine.process`."""

import sys

from core.engine.process import serve

if __name__ == "__main__":
    serve(*sys.argv[1:])

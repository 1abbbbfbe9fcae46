"""Entry point of ``python3 dev``: makes the package importable by name, then runs a command."""

import sys
from pathlib import Path

if not __package__:
    # ``python3 dev`` puts the folder itself first on the path: its modules would shadow others.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from dev.cli import main

if __name__ == "__main__":
    sys.exit(main())

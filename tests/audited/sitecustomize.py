"""Python imports this at the start of each process that has this folder in PYTHONPATH: see outside.py beside it."""

import os
import sys
from pathlib import Path

if "MODERATOR_TEST_OUTSIDE" in os.environ:
    sys.path.append(str(Path(__file__).resolve().parents[1]))
    import outside

    outside.watch()

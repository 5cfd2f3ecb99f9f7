"""``python train.py`` is ``moderator train``."""

import sys

from moderator.cli import main

if __name__ == "__main__":
    main(["train", *sys.argv[1:]])

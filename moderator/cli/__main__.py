"""``python -m moderator.cli`` is the ``moderator`` command."""

import sys

from moderator.cli import main

main(sys.argv[1:])

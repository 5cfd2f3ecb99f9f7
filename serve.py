"""``python serve.py`` is ``moderator serve``; ``serve:app`` is for any WSGI server, its settings from the environment.

gunicorn --threads 8 serve:app
waitress-serve --listen 127.0.0.1:8080 serve:app
"""

import sys

from moderator.cli import main
from moderator.server import application as app

__all__ = ["app"]

if __name__ == "__main__":
    main(["serve", *sys.argv[1:]])

"""serve: start the service."""

from typing import Any

import click

from moderator.cli.common import finds_installation, settings_of


@click.command()
@finds_installation
@click.option("--host", help="The address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="The port to listen on; 0 takes a free one.  [default: 8080]")
@click.option("--workers", type=int, help="How many processes.")
@click.option("--threads", type=int, help="How many threads in each.")
@click.option("--public-url", help="The address at which moderators reach it.")
@click.option("--log-level", help="debug, info, warning or error.")
@click.option("--log-format", help="text, or json for machines: one line an event.")
@click.option("--drain-seconds", type=int, help="After SIGTERM go on for so long, not ready.  [default: 0]")
def serve(**flags: Any) -> None:
    """Start the service. The first start makes all that it needs, and says where it is.

    SIGTERM stops it when what it has begun is answered; all other settings: `moderator settings`.

    \b
    moderator serve --data ./data --port 8080
    moderator serve --database postgresql://moderator@db/moderator --workers 4 --drain-seconds 10
    """
    from moderator import server

    server.serve(settings_of(**flags))

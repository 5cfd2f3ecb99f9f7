"""serve · settings."""

from typing import Any

import click

from moderator.cli.common import as_json, finds_installation, print_json, print_table, settings_of


@click.command()
@finds_installation
@click.option("--host", help="The address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="The port to listen on; 0 takes a free one.  [default: 8080]")
@click.option("--workers", type=int, help="How many processes.")
@click.option("--threads", type=int, help="How many threads in each.")
@click.option("--public-url", help="The address at which moderators reach it.")
@click.option("--log-level", help="debug, info, warning or error.")
def serve(**flags: Any) -> None:
    """Start the service. The first start makes all that it needs, and says where it is.

    \b
    moderator serve --data ./data --port 8080
    """
    from moderator import server

    server.serve(settings_of(**flags))


@click.command()
@finds_installation
@as_json
def settings(as_json: bool, **flags: Any) -> None:
    """Show every setting: its value, where that came from, and what it is for.

    \b
    MODERATOR_PORT=9000 moderator settings
    """
    shown = settings_of(**flags).shown()
    if as_json:
        print_json(
            [{"name": s.name, "value": value, "source": source, "about": s.sentence} for s, value, source in shown]
        )
    else:
        print_table([(s.name, value or "-", source, s.sentence) for s, value, source in shown])

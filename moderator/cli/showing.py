"""settings: what is in force, and where it came from."""

from typing import Any

import click

from moderator.cli.common import as_json, finds_installation, print_json, print_table, settings_of
from moderator.settings import SETTINGS, Setting

PAGE = """\
# Settings

Defaults < a TOML file (`--config`, or `MODERATOR_CONFIG` names it) < the environment < flags. An unknown name or a bad
value stops the start and says which, what was expected, what was got, and where it came from. `moderator settings`
prints what is in force and from where, secrets masked. This page is made by `moderator settings --markdown`.

| name | in the environment | default | what it is |
|---|---|---|---|
"""

AFTER = """
A file, for example:

```toml
database = "postgresql://moderator@db.example/moderator"
workers = 4
trusted_proxies = 1
public_url = "https://moderator.example"
log_format = "json"
```

Secrets (`database` with its password, `metrics_token`) are better in a file that only the service's user can read than
in the environment, which other processes of that user can see.
"""


@click.command()
@click.option("--markdown", is_flag=True, help="Print docs/settings.md: the names and defaults, not what is in force.")
@finds_installation
@as_json
def settings(markdown: bool, as_json: bool, **flags: Any) -> None:
    """Show every setting: its value, where that came from, and what it is for. Secrets are masked.

    \b
    moderator settings
    MODERATOR_PORT=9000 moderator settings --json
    """
    if markdown:
        click.echo(page(), nl=False)
        return
    shown = settings_of(**flags).shown()
    if as_json:
        print_json(
            [{"name": s.name, "value": value, "source": source, "about": s.sentence} for s, value, source in shown]
        )
    else:
        print_table([(s.name, value or "-", source, s.sentence) for s, value, source in shown])


def page() -> str:
    """The page of the documents."""
    return PAGE + "".join(map(_row, SETTINGS)) + AFTER


def _row(setting: Setting) -> str:
    default = "" if setting.default == "" else f"`{setting.default}`"
    return f"| `{setting.name}` | `{setting.variable}` | {default} | {setting.sentence} |\n"

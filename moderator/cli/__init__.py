"""The command line: each command reads the settings, calls one part, and prints. Mistakes are one line and status 2."""

import copy
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from moderator.cli import (
    akismet_keys,
    blogspam,
    callbacks,
    completing,
    coral,
    database,
    datasets,
    digest,
    doctor,
    explaining,
    exporting,
    exports,
    forgetting,
    importing,
    judging,
    keeping,
    manual,
    measuring,
    models,
    policies,
    privacy,
    rescoring,
    secrets,
    serving,
    showing,
    training,
)


class Commands(click.Group):
    """The commands under their headings, in the order in which one meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """By heading, not by the alphabet."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One list under each heading."""
        for title, under in COMMANDS:
            rows = [(command.name or "", command.get_short_help_str(150)) for command in under if not command.hidden]
            with formatter.section(title):
                formatter.write_dl(rows)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="moderator")
def commands() -> None:
    """Comment moderation that a blog owns.

    \b
    moderator serve                     # start it; the first start says what you need
    moderator explain "cheap pills"     # what would be decided, and why
    moderator doctor                    # what is wrong, and what cures it

    `moderator COMMAND --help` has an example of each. docs/commands.md has all of them on one page.
    """


COMMANDS: tuple[tuple[str, tuple[click.Command, ...]], ...] = (
    ("Running it", (serving.serve, showing.settings, doctor.doctor, database.database)),
    (
        "Who is served, and who decides",
        (keeping.sites, keeping.users, policies.policy, callbacks.callbacks, digest.digest),
    ),
    (
        "What it learns from, and what it has learned",
        (
            importing.import_history,
            exporting.export_site,
            datasets.datasets,
            forgetting.forget,
            privacy.privacy,
            exports.convert,
            training.train,
            judging.score,
            rescoring.rescore,
            explaining.explain,
            measuring.evaluate,
            models.models,
        ),
    ),
    ("About the commands", (completing.completion, manual.manual)),
)
OF_SITES = (
    secrets.secret,
    akismet_keys.akismet_key,
    akismet_keys.akismet,
    blogspam.blogspam,
    callbacks.callback,
    coral.coral,
    forgetting.trust,
    privacy.addresses,
)
for command in OF_SITES:
    keeping.sites.add_command(command)
for _, under in COMMANDS:
    for command in under:
        commands.add_command(command)
# As `db upgrade` was called before there was `db`; in scripts of operators, so it works on.
upgrade = copy.copy(database.upgrade)
upgrade.hidden = True
commands.add_command(upgrade)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and leave with its status: 0 done, 1 done in part, 2 a mistake that is told in one line."""
    try:
        status = commands.main(args=list(arguments) if arguments is not None else None, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()  # who read us has read enough; no word about it at exit either
        sys.exit(1)
    except Exception as error:
        if not isinstance(error, _known()):
            raise
        print(f"moderator: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)
    sys.exit(status if isinstance(status, int) else 0)


def _known() -> tuple[type[Exception], ...]:
    """The mistakes that tell their cure. Imported only now: a command loads what it needs and no more."""
    from moderator.callbacks.errors import CallbackError
    from moderator.comment import CommentError
    from moderator.mail import MailError
    from moderator.model_file import ModelError
    from moderator.moderation import ModerationError
    from moderator.server import ServerError
    from moderator.settings import SettingsError
    from moderator.store import StoreError
    from moderator.training.fetching import DatasetError
    from moderator.training.readers import CorpusError

    # fmt: off
    return (
        CallbackError, CommentError, CorpusError, DatasetError, MailError, ModelError, ModerationError, ServerError,
        SettingsError, StoreError,
    )
    # fmt: on

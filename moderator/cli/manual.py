"""manual: the page of all commands, made from the commands themselves."""

import inspect
from collections.abc import Iterator

import click

STATUSES = (
    (0, "Done."),
    (1, "Done in part, or a check found something: a broken line in `score`, a problem in `doctor` or `db check`."),
    (2, "A mistake of the caller, or something that is not there: told in one line on standard error."),
    (3, "The new model was not promoted (`train`), or missed what `evaluate` was asked to check."),
    (130, "Stopped by hand (Ctrl-C)."),
)  # fmt: skip

HEAD = """\
# Commands

Each command finds its installation by `--data`, `--database` and `--config` (see [settings.md](settings.md)); `--help`
says what follows here. `--json` prints for machines. What takes longer than a second shows a bar to a person who
watches, and plain lines otherwise, on standard error; `--quiet` shows nothing. `moderator completion SHELL` lets the
shell complete all of it. This page is made by `moderator manual`.

| exit status | |
|---|---|
"""

COMMON = {"--config", "--database", "--data", "--help", "--json", "--quiet"}


@click.command()
@click.pass_context
def manual(context: click.Context) -> None:
    """Print the page of all commands, as docs/commands.md has it.

    \b
    moderator manual > docs/commands.md
    """
    root = context.find_root().command
    assert isinstance(root, click.Group)
    click.echo(page(root), nl=False)


def page(root: click.Group) -> str:
    """All commands in the order in which `--help` lists them, with their words, examples and options."""
    statuses = "".join(f"| {status} | {meaning} |\n" for status, meaning in STATUSES)
    return HEAD + statuses + "".join(_sections(root, ("moderator",)))


def _sections(group: click.Group, names: tuple[str, ...]) -> Iterator[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if command.hidden:
            continue
        path = (*names, name)
        if isinstance(command, click.Group):
            if len(names) == 1:
                yield f"\n## {' '.join(path)}\n\n{_words(command)}\n"
            yield from _sections(command, path)
        else:
            yield _section(command, path, depth=2 if len(names) == 1 else 3)


def _section(command: click.Command, path: tuple[str, ...], *, depth: int) -> str:
    arguments = [_argument(p) for p in command.params if isinstance(p, click.Argument)]
    title = " ".join([*path, *arguments])
    options = [p for p in command.params if isinstance(p, click.Option) and not COMMON & set(p.opts)]
    told = "".join(f"\n- `{_option(option)}`: {option.help or ''}" for option in options)
    return f"\n{'#' * depth} `{title}`\n\n{_words(command)}\n{told}{chr(10) if told else ''}"


def _argument(argument: click.Argument) -> str:
    name = argument.make_metavar(click.Context(click.Command("x")))
    return name.strip("[]{}") if argument.required else name


def _option(option: click.Option) -> str:
    name = max(option.opts, key=len)
    if option.is_flag or option.count:
        return name
    if isinstance(option.type, click.Choice):
        return f"{name} {'|'.join(map(str, option.type.choices))}"
    return f"{name} {(option.metavar or option.type.name).upper()}"


def _words(command: click.Command) -> str:
    """The help as paragraphs; what stands after a line with \\b alone is an example."""
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    told = []
    for paragraph in paragraphs:
        if paragraph.startswith("\b\n"):
            told.append(f"```console\n{paragraph[2:]}\n```")
        else:
            told.append(paragraph)
    return "\n\n".join(told)

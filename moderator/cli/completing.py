"""completion: words for the shell."""

import click
from click.shell_completion import get_completion_class

VARIABLE = "_MODERATOR_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes SHELL complete commands, options and files after a press of Tab.

    \b
    moderator completion bash > ~/.local/share/bash-completion/completions/moderator
    moderator completion zsh > ~/.zfunc/_moderator
    moderator completion fish > ~/.config/fish/completions/moderator.fish
    """
    found = get_completion_class(shell)
    assert found is not None  # click has all three
    click.echo(found(context.find_root().command, {}, "moderator", VARIABLE).source())

"""Parts and tables of the page, in HTML. What is given is HTML already."""

from collections.abc import Sequence


def section(title: str, lead: str, body: str) -> str:
    """A part of the page with its heading; nothing where it has no body."""
    if not body:
        return ""
    introduced = f'<p class="soft">{lead}</p>\n' if lead else ""
    return f"<section>\n<h2>{title}</h2>\n{introduced}{body}\n</section>"


def table(head: Sequence[str], rows: Sequence[str]) -> str:
    """A table with a heading for each column."""
    titles = "".join(f'<th scope="col">{title}</th>' for title in head)
    return f'<div class="wide"><table><thead><tr>{titles}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def row(*cells: str, kind: str = "") -> str:
    """A row; its first cell says what it is about."""
    first, *rest = cells
    of = f' class="{kind}"' if kind else ""
    return f'<tr{of}><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'

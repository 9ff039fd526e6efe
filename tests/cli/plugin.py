"""
A command of another package.
"""

import click


@click.command()
@click.option("--loud", is_flag=True)
def demo(loud: bool) -> None:
    """
    Say what was asked.
    """
    click.echo(f"demo {'loud' if loud else 'quiet'}")

"""
``waiting-room openapi``: the document of the service's HTTP.
"""

import click

from waiting_room.cli.options import config_option, read_settings
from waiting_room.web.openapi.document import document, written


@click.command()
@config_option
def openapi(config_file: str | None) -> None:
    """
    Print the OpenAPI document of the service's HTTP.

    It tells of the calls of visitors, gates and proxies, by version 3.1 of OpenAPI. A running service serves the same
    at server.prefix + /openapi.json. Tools make clients, mocks and tests of it.
    """
    click.echo(written(document(read_settings(config_file).server.prefix)), nl=False)

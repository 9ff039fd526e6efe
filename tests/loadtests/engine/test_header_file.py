"""
Headers of the user's own: what a file may say, and that no message repeats it.
"""

from pathlib import Path

import pytest

from loadtests.documents import DocumentError
from loadtests.engine.header_file import HeaderFile


def test_headers_stand_one_a_line(tmp_path: Path) -> None:
    """
    Blank lines and remarks aside; a letter beyond ASCII is sent as it stands there.
    """
    file = tmp_path / "headers"
    file.write_bytes("# staging\nAuthorization: Basic bWU6cHc=\r\n\n X-Team:  voilà \n".encode())

    headers = HeaderFile.read(str(file)).headers

    assert {name: value.encode("latin-1").decode() for name, value in headers.items()} == {
        "Authorization": "Basic bWU6cHc=",
        "X-Team": "voilà",
    }


def test_no_file_is_no_headers() -> None:
    """
    As most rehearsals are.
    """
    assert HeaderFile.read("") == HeaderFile()


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("hunter2\nA b: hunter2\n", [":1: is no header", ":2: is no header"]),
        ("A: hunter2\x00", [":1: is no header"]),
        ("Host: hunter2\nwaiting-room-rehearsal: hunter2", [":1: Host is not yours", ":2: waiting-room-rehearsal is"]),
        ("A: hunter2\na: hunter2", [":2: a stands there twice"]),
        ("# hunter2\n", [": holds no header"]),
    ],
)
def test_what_is_no_header_is_told_by_its_line_alone(text: str, faults: list[str], tmp_path: Path) -> None:
    """
    A message may end in a log; what stands in the file is a secret.
    """
    file = tmp_path / "headers"
    file.write_text(text)

    with pytest.raises(DocumentError) as error:
        HeaderFile.read(str(file))

    found = [str(fault).removeprefix(str(file)) for fault in error.value.faults]
    assert [told.startswith(start) for told, start in zip(found, faults, strict=True)] == [True] * len(faults)
    assert "hunter2" not in str(error.value)


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """
    With its path.
    """
    with pytest.raises(DocumentError, match=r"none: cannot be read \(No such file"):
        HeaderFile.read(str(tmp_path / "none"))

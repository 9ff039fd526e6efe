"""
Run in a bare interpreter: imports the modules named on the command line, and prints what importing them did.

An audit hook sees files written, processes started, sockets used; a wrapped environment sees our own reads of it.
"""

import importlib
import json
import os
import sys
import threading
import traceback

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
DEEDS = (
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.fork",
    "os.posix_spawn",
    "os.system",
    "os.putenv",
    "subprocess.Popen",
    "socket.bind",
    "socket.connect",
    "socket.getaddrinfo",
    "signal.signal",
)
PATCHED = ("gevent", "locust")

done: list[str] = []


def ours() -> str | None:
    """
    Name the innermost module of the project on the stack.
    """
    frames = (frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_stack(None))
    return next((name for name in frames if name.partition(".")[0] in {"waiting_room", "loadtests"}), None)


def audit(event: str, args: tuple[object, ...]) -> None:
    """
    Note what must not happen at import.
    """
    if event == "open":
        path, _mode, flags = args
        if isinstance(flags, int) and flags & WRITES and path != os.devnull:
            done.append(f"{ours()}: open for writing {path!r}")
    elif event in DEEDS:
        done.append(f"{ours()}: {event} {args!r}")


class Watched(type(os.environ)):  # type: ignore[misc]
    """
    An environment that notes who reads it.
    """

    def __getitem__(self, key: str) -> str:
        """
        Note the read if the project's own code made it, and answer.
        """
        caller = next(
            name
            for frame, _ in traceback.walk_stack(None)
            if (name := frame.f_globals.get("__name__", "")) not in {__name__, "os", "_collections_abc", "traceback"}
        )
        if caller.partition(".")[0] in {"waiting_room", "loadtests"}:
            done.append(f"{caller}: reads {key} from the environment")
        return str(super().__getitem__(key))


def main() -> None:
    """
    Import, and tell.
    """
    os.environ.__class__ = Watched
    sys.addaudithook(audit)
    for name in sys.argv[1:]:
        importlib.import_module(name)
        done.extend(f"{name}: leaves {thread.name} running" for thread in threading.enumerate()[1:])
        patched = [library for library in PATCHED if library in sys.modules]
        if patched:
            done.append(f"{name}: brings {', '.join(patched)}")
            break
    sys.stdout.write(json.dumps(done))


if __name__ == "__main__":
    main()

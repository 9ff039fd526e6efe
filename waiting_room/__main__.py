"""
Let ``python -m waiting_room`` do what the command ``waiting-room`` does.
"""

from waiting_room.cli import main

if __name__ == "__main__":
    main(prog_name="waiting-room")

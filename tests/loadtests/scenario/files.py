"""
A scenario's file that is sound, to be spoilt, and what is then said of it.
"""

from pathlib import Path

import pytest

from loadtests.scenario.read import ScenarioError, read

SOUND = """
name = "mine"
drain_s = 5
speed = 2

[says]
en = "A test."

[behaviour]
reloads = 1
room_patience_s = 100

[[streams]]
name = "people"
model = "constant"
per_s = 4
for_s = 20
starts_s = 10
[streams.journeys]
buyer = 3
window = 1
[streams.behaviour]
room_patience_s = 50

[[streams]]
name = "others"
model = "ramp"
from_per_s = 0
to_per_s = 2
for_s = 20

[room]
capacity = 10

[shop]
stock = 5

[[changes]]
at_s = 15
do = "rate"
to = 60

[[criteria]]
name = "sells"
figure = "goodput_ratio"
comparator = ">="
limit = 0.9
"""


def faults_of(folder: Path, text: str) -> list[str]:
    """
    Return the faults of a text, without the file's name.
    """
    path = folder / "mine.toml"
    path.write_text(text)
    with pytest.raises(ScenarioError) as error:
        read(path)
    return [str(fault).removeprefix(f"{path}: ") for fault in error.value.faults]

"""
Those who mean no good, by the names of their kinds.
"""

from collections.abc import Callable, Mapping
from typing import Final

from loadtests.journeys.cast import Cast, Walk
from loadtests.journeys.hostile.bot import Bot
from loadtests.journeys.hostile.forger import Forger
from loadtests.journeys.hostile.jumper import Jumper
from loadtests.journeys.hostile.replayer import Replayer
from loadtests.journeys.hostile.sharer import Sharer
from loadtests.journeys.hostile.slowloris import Slowloris
from loadtests.journeys.hostile.storm import Storm

HOSTILE: Final[Mapping[str, Callable[[Cast], Walk]]] = {
    "bot": Bot,
    "sharer": Sharer,
    "replayer": Replayer,
    "forger": Forger,
    "jumper": Jumper,
    "storm": Storm,
    "slowloris": Slowloris,
}

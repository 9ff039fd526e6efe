"""
The gate for shops on aiohttp: ``WaitingRoomGate(GateSettings(...)).setup(app)``.
"""

from waiting_room.gates.aiohttp.middleware import WaitingRoomGate
from waiting_room.gates.settings import GateSettings

__all__ = ["GateSettings", "WaitingRoomGate"]

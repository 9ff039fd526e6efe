"""
The commands `waiting-room rehearse` and `waiting-room demo`.
"""

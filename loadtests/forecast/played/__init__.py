"""
The demo shop in model time, where a forecast or a simulation depends on how it fares: who does what in it, and when.
"""

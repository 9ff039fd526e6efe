"""
A virtual waiting room: admits shoppers at the pace the shop can bear, fairly, and keeps everybody informed.
"""

__version__ = "0.1.0"

"""
The core at scale, without Redis: seeded, and the same on any machine.
"""

"""
What the gate at the shop promises.
"""

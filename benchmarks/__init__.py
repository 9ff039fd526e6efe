"""
What the room costs, as ratios against a baseline measured in the same run, so that they mean the same on any machine.
"""

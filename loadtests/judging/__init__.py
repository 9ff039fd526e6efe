"""
What a run must reach, and the verdict.
"""

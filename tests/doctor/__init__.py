"""
What `waiting-room doctor` sees and says.
"""

"""
What a rehearsal should come to, worked out beforehand, and what it means when it comes to something else.
"""

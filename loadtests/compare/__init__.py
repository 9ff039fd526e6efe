"""
Two rehearsals held against each other: what differs, by how much, and how sure that is. Pure.
"""

"""
What is rehearsed: who comes, to which room and shop, what happens meanwhile, and what must hold.
"""

"""
A toy shop with real stock and the bottleneck of real shops, to rehearse a promotion against.
"""

"""
What the room tells about itself: metrics named once, their way to Prometheus, and logs.
"""

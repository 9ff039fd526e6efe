"""
Several processes behind one port: start them, start them again when they die, and end them in peace.
"""

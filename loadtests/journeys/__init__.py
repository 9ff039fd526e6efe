"""
Shoppers' ways through a shop and its waiting room.
"""

"""Which sources are there, whose share are they, and how is one opened?"""

"""What lies around the code: the map, the requirements, and the program that runs the suite.

Nothing here asks for a page.
"""

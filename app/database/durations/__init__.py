"""How long the database may work for a page, and what took it long.

How long anybody waits for a connection or a lock is set where these are made.
"""

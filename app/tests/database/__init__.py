"""The database: its schema and upgrades, and what happens while it is away.

What is kept in it is tested in `models`; each runs on SQLite and on PostgreSQL.
"""

"""The database: its schema, upgrades and backups, and what happens while it is away.

What is kept in it is tested in `models`; each runs on SQLite and on PostgreSQL.
"""

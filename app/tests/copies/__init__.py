"""The database as a whole: backed up, restored, moved, and brought up from every release.

Each runs on SQLite and on PostgreSQL.
"""

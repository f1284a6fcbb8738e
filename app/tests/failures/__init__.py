"""How failures reach the administrator: the log, the mail, and floods of both.

What fails with the database is in `database`, and what a stopped server still sends in `servers`.
"""

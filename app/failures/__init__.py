"""How failures reach the administrator: a reference, an entry in the log, and a mail.

What is no failure, such as a refused form, is told on its page and has no place here.
"""

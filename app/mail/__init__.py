"""Handing letters to the mail server, within a limit of time.

What a letter says is the business of whoever writes it.
"""

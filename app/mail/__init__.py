"""One way to send a letter to anybody: `letters` makes it, `queue` keeps it, `smtp` hands it over.

What a letter says is the business of whoever writes it.
"""

"""The suite, in rooms named as what they test; `python tests.py` runs it all.

A test class lives in exactly one room, whatever it needs of `app.tests.support`; what measures
and judges nothing is in `app.tests.bench`.
"""

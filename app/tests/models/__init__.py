"""The verbs of what is stored, also when many people use them at the same moment.

What a schema allows is tested in `database`, and what a visitor sees of it in `pages`.
"""

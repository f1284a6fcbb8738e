"""Blocks: who blocks whom, what nobody is told of it, and who sees what of whom.

That lists stay full is tested of all of them in `pages`, of a search in `search`.
"""

"""What pages, queries and failures cost, to which size that serves, and the README's pictures.

They print and judge nothing, and are run by hand: `python -m app.tests.bench.pages --help`.
"""

"""What pages, queries, searches and failures cost, and the pictures of the README.

They print and judge nothing, and are run by hand: `python -m app.tests.bench.pages --help`.
"""

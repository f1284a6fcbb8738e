"""The suite, one module a page or promise; `python tests.py` runs it all."""

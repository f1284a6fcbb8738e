"""What pages and their queries cost: `python -m app.tests.bench.pages --help`."""

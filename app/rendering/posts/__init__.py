"""Posts as HTML: their links, marks, addresses, and what of them is kept rendered."""

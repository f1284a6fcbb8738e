"""What whoever keeps the site looks at and sets up: probes, counts, files to deploy it with."""

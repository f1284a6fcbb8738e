"""Several machines of the site as its keeper sets them up: behind nginx, with shared servers."""

"""Safe reading of package archives: names, links, limits, build info."""

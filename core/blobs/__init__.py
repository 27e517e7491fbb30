"""The blob cache: what was fetched once, kept by its digest and never believed without it."""

"""spackbin's faces: the full-screen program and the command line, over `core.session`."""

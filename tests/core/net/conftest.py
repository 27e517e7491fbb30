"""A web server and who asks it."""

from tests.core.net.asking import http, server  # noqa: F401

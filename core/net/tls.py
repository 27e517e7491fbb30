"""Whom to believe that a web server is who it says."""

import os
import ssl

import httpx

_OWN = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_FILE = "REQUESTS_CA_BUNDLE"


def tls_context() -> ssl.SSLContext:
    """The authorities that count: those of SSL_CERT_FILE or SSL_CERT_DIR alone if one is set.

    Else those that come with httpx, those of this host, and those in REQUESTS_CA_BUNDLE, which
    many sites set for other Python programs.

    Raises:
        OSError: one of these files cannot be read.
    """
    context = httpx.create_ssl_context()
    if not any(os.environ.get(name) for name in _OWN):
        context.load_default_certs()
        if bundle := os.environ.get(_FILE):
            context.load_verify_locations(bundle)
    return context

"""A text with its detached signature after it: spec documents of Spack 0.17 and before."""

_BEGIN = b"-----BEGIN PGP SIGNATURE-----"


def parted(document: bytes) -> tuple[bytes, bytes]:
    """The text, and the signature in ASCII armour; that is empty if there is none.

    Wherever the parting is made, only what GnuPG finds signed counts.
    """
    begin = document.rfind(_BEGIN)
    return (document, b"") if begin < 0 else (document[:begin], document[begin:])

"""Whether an address can be reached from this machine only: what listens elsewhere has to ask for a password or token."""

import ipaddress


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

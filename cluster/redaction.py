"""What must not leave a host in a log or a configuration file, taken out of its text."""

from __future__ import annotations

import re

GONE = "(left out)"
_PATTERNS = (
    # A private key in PEM, whole or cut off.
    re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    # headscale's and tailscale's keys.
    re.compile(r"((?:hskey|tskey)-[a-z]+-)[A-Za-z0-9_-]{8,}"),
    re.compile(r"((?:privkey|nlpriv):)[0-9a-f]{16,}"),
    # kubeadm's join tokens: their first part is public.
    re.compile(r"(\b[a-z0-9]{6}\.)[a-z0-9]{16}\b"),
    # JSON web tokens, such as those of service accounts.
    re.compile(r"(\beyJ)[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]+"),
    # Values that are named as what they are.
    re.compile(
        r"(?i)((?:client-key-data|certificate-?key|password|passwd|secret|token|auth-?key|api-?key|private_key)[\"']?\s*[:=]\s*[\"']?)"
        r"(?!/)[^\s\"',}]{6,}"
    ),
    # A name and a password in an address.
    re.compile(r"(://[^/\s:@]+:)[^/\s@]+(?=@)"),
    re.compile(r"(?i)(authorization:\s*(?:bearer|basic)\s+)\S+"),
)


def redacted(text: str) -> str:
    """The text with everything of that kind replaced; what stands before it stays, so that one sees what it was."""
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\1{GONE}", text)
    return text

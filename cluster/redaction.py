"""The removal of secrets from logs and configuration files before they leave a host."""

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
    # Values after a key such as password, secret or token.
    re.compile(
        r"(?i)((?:client-key-data|certificate-?key|password|passwd|secret|token|auth-?key|api-?key|private_key)[\"']?\s*[:=]\s*[\"']?)"
        r"(?!/)[^\s\"',}]{6,}"
    ),
    # A password in a URL.
    re.compile(r"(://[^/\s:@]+:)[^/\s@]+(?=@)"),
    re.compile(r"(?i)(authorization:\s*(?:bearer|basic)\s+)\S+"),
)


def redacted(text: str) -> str:
    """The text with all secrets replaced; the text before a secret stays, so that its kind is visible."""
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\1{GONE}", text)
    return text

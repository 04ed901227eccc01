"""Single files of a release, checked as the deploy does: by the pinned hash, else by the publisher's own list."""

from __future__ import annotations

from cluster.sources import Download
from lab.mirror.official.apt import place
from lab.mirror.official.client import Client, NotHad
from lab.mirror.official.store import Files, Store


def fetch(client: Client, store: Store, download: Download) -> Files:
    """The file, and the list of hashes if no hash is pinned; NotHad if one is not as published."""
    found: Files = {}
    sha256 = download.sha256
    if sha256 is None:
        listed = client.document(download.checksums_url)
        sha256 = download.sha256_in(listed.decode(errors="replace"))
        if sha256 is None:
            raise NotHad(f"{download.checksums_url} does not list {download.file_name}")
        found[place(download.checksums_url)] = store.keep(listed)
    found[place(download.official_url)] = store.fetch(client, download.official_url, sha256)
    return found

"""Reads which sources of lifecycle events a deployment's folder describes; nothing of them is opened."""

from app.settings import Settings
from app.watch.sources.document import Sources, read_sources


def sources_of(settings: Settings) -> Sources:
    """Return what the folder of the settings describes; nothing where none is set."""
    if settings.watch_sources_dir is None:
        return Sources()
    return read_sources(settings.watch_sources_dir, hosts=settings.outbound_hosts)

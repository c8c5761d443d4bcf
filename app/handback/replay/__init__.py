"""Sends orders home by the main system's API, each once: asked first, sent, and looked for where nobody answers."""

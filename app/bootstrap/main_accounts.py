"""The account of an ERP: by what it goes in the store, and its secrets out of the environment."""

import hashlib
from collections.abc import Mapping

from app.bootstrap.source_files import secret_of
from app.main_system.document import MainDocument


class NoSecret(Exception):
    """A secret is nowhere; its text is a sentence that names the variable."""


def account_name(document: MainDocument) -> str:
    """Return by what an ERP's account goes in the store; a key need not stand there to be told from others."""
    kind, key = document.account
    return f"{kind}:{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def secrets_of(variables: Mapping[str, str]) -> dict[str, str]:
    """Return secrets by the names that a file gives them.

    Raises:
        NoSecret: one is nowhere.
    """
    found = {}
    for name, variable in variables.items():
        value = secret_of(variable)
        if value is None:
            raise NoSecret(f"环境变量 {variable} 中没有密钥（{name}）")
        found[name] = value
    return found

"""What takes long and comes out the same each time is worked out once for all tests of a process, and in full."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import CodeType

import pytest
from argon2 import PasswordHasher
from jinja2 import Environment


@contextmanager
def remembered() -> Iterator[None]:
    """Remember compiled templates, the hash of a password, and that a password is the one of its hash.

    Nearly every test has a web process of its own, which would compile its pages anew, and people in tests share one
    password. The parameters of argon2id stay the product's; a wrong password raises, and what raises is not remembered.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Environment, "compile", _compiled_once(Environment.compile))
        patch.setattr(PasswordHasher, "hash", cache(PasswordHasher.hash))
        patch.setattr(PasswordHasher, "verify", cache(PasswordHasher.verify))
        yield


def _compiled_once(compile_anew: Callable[..., CodeType]) -> Callable[..., CodeType]:
    """Return a way to compile that knows a template again by its source and its place."""
    known: dict[tuple[object, ...], CodeType] = {}

    def compiled(environment: Environment, source: object, *place: object, **how: object) -> CodeType:
        key = (source, *place, *sorted(how.items()))
        if key not in known:
            known[key] = compile_anew(environment, source, *place, **how)
        return known[key]

    return compiled

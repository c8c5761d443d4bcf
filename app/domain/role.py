"""What people are here for, by which a console shows and hides, and by which they are asked for."""

from enum import StrEnum


class Role(StrEnum):
    """What a person is here for; what each may do at the console is told by the table in ``web/console/roles.py``."""

    VIEWER = "viewer"
    SERVICE = "service"
    OPS = "ops"
    IT = "it"
    ADMIN = "admin"

"""What stands as the target of a message to a person of ours: ``person:17`` is the account with row id 17.

His address stands in no message; it is read from the account at the moment the message is sent.
"""

PERSON = "person:"


def for_person(user_id: int) -> str:
    """Return the target of messages to a person."""
    return f"{PERSON}{user_id}"


def is_for_person(target: str) -> bool:
    """Tell whether messages of a target go to a person of ours."""
    return target.startswith(PERSON)


def person_id(target: str) -> int:
    """Return the row id of the account that messages of a target go to, 0 where it is none."""
    digits = target.removeprefix(PERSON)
    return int(digits) if is_for_person(target) and digits.isascii() and digits.isdigit() else 0

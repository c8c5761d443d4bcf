"""Where settings come from: the environment, files named by it, and ``.env``; and what is said of a wrong one."""

import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_settings import NoDecode, PydanticBaseSettingsSource

PREFIX = "LIFEBOAT_"


def split_at_commas(value: object) -> object:
    """Read comma-separated words; a Chinese comma counts as one."""
    if isinstance(value, str):
        return tuple(word for part in value.replace("，", ",").split(",") if (word := part.strip()))
    return value


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_at_commas)]
"""Comma-separated in the environment."""


def no_file_in_its_place(folder: Path) -> Path:
    """Return a folder in whose place, and above it, there is no file: something can be kept there.

    Raises:
        ValueError: there is one; the Chinese sentence names it.
    """
    there = next((one for one in (folder, *folder.parents) if one.exists() or one.is_symlink()), None)
    if there is not None and not there.is_dir():
        raise ValueError(f"{there} 是文件，不是目录，请改用一个目录")
    return folder


class WrongSetting(Exception):
    """A setting cannot be used; the message is for the person who wrote it."""


class FromFiles(PydanticBaseSettingsSource):
    """Reads ``LIFEBOAT_NAME_FILE``: the way Docker and systemd hand over secrets."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ANN401, ARG002 - the base class's signature
        """Return the content of the file named for ``field_name``, without its last line end."""
        path = os.environ.get(f"{PREFIX}{field_name.upper()}_FILE")
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except OSError as error:
            message = f"{PREFIX}{field_name.upper()}_FILE: 无法读取文件 {path} ({error.strerror})"
            raise WrongSetting(message) from error

    def __call__(self) -> dict[str, Any]:
        """Return all settings given by file."""
        values = (
            (name, self.get_field_value(field, name)[0]) for name, field in self.settings_cls.model_fields.items()
        )
        return {name: value for name, value in values if value is not None}


class Part(BaseModel):
    """A group of settings; :class:`app.settings.Settings` puts all of them together."""

    model_config = ConfigDict(frozen=True)


_SENTENCES = {
    "int_parsing": "须为整数",
    "int_type": "须为整数",
    "float_parsing": "须为数字",
    "decimal_parsing": "须为数字",
    "decimal_max_places": "最多两位小数",
    "bool_parsing": "须为 true 或 false",
    "greater_than_equal": "不能小于 {ge}",
    "greater_than": "须大于 {gt}",
    "less_than_equal": "不能大于 {le}",
    "literal_error": "只能是 {expected} 之一",
}


def line_of(error: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails is a TypedDict with open context
    """Return the sentence about one wrong setting."""
    where = PREFIX + str(error["loc"][0]).upper() if error["loc"] else "配置"
    context = error.get("ctx", {})
    if "error" in context:
        return f"{where}: {context['error']}"
    sentence = _SENTENCES.get(error["type"])
    return f"{where}: {sentence.format(**context) if sentence else error['msg']}"

"""A call of a JSON API as a file describes it: texts with ``{blanks}`` in them, filled with values and secrets."""

import json
import re
from collections.abc import Collection, Mapping
from typing import Any, Literal
from urllib.parse import quote, urlencode, urlsplit

from pydantic import Field

from app.main_system.file_tables import FileTable
from app.outbound.api_call import ApiCall
from app.toml_file import WrongEntry

_BLANK = re.compile(r"\{([a-z_]+)\}")


class CallTable(FileTable):
    """What is sent: a form or a JSON body, or neither."""

    method: Literal["GET", "POST"] = "GET"
    path: str = Field(default="", max_length=300)
    query: dict[str, str] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    form: dict[str, str] | None = None
    body: dict[str, Any] | None = None

    def blanks(self) -> set[str]:
        """Return the names of all its blanks."""
        texts = _texts_in([self.path, self.query, self.headers, self.form, self.body])
        return {blank for text in texts for blank in _BLANK.findall(text)}

    def check(self, names: Collection[str], key: str) -> None:
        """Refuse a blank without a name among ``names``; ``key`` is the table's place in its file.

        Raises:
            WrongEntry: there is one, or two bodies.
        """
        for blank in sorted(self.blanks()):
            if blank not in names:
                raise WrongEntry(key, f"不认识的 {{{blank}}}，可用：{'、'.join(names)}")
        if self.form is not None and self.body is not None:
            raise WrongEntry(f"{key}.form", "form 与 body 只写一个")


class StraysFromHost(ValueError):
    """With its values the call would go to another host than the address it is for."""


def written_call(table: CallTable, address: str, values: Mapping[str, str | int]) -> ApiCall:
    """Return the call with its blanks filled.

    Raises:
        StraysFromHost: a value would lead it elsewhere.
    """
    headers = {name: str(_filled(text, values)) for name, text in table.headers.items()}
    body = b""
    if table.form is not None:
        body = urlencode({name: str(_filled(text, values)) for name, text in table.form.items()}).encode()
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8")
    elif table.body is not None:
        body = json.dumps(_filled(table.body, values), ensure_ascii=False).encode()
        headers.setdefault("Content-Type", "application/json")
    url = address.rstrip("/") + _BLANK.sub(lambda blank: quote(str(values.get(blank[1], "")), safe=""), table.path)
    if urlsplit(url).netloc != urlsplit(address).netloc:
        raise StraysFromHost
    query = {name: str(_filled(text, values)) for name, text in table.query.items()}
    return ApiCall(url, table.method, query=query, body=body, headers=headers)


def _filled(text: Any, values: Mapping[str, str | int]) -> Any:  # noqa: ANN401 - JSON
    """Return a template with its blanks filled; a text that is one blank alone becomes its value, with its type."""
    match text:
        case dict():
            return {name: _filled(one, values) for name, one in text.items()}
        case list():
            return [_filled(one, values) for one in text]
        case str():
            alone = _BLANK.fullmatch(text)
            if alone and alone[1] in values:
                return values[alone[1]]
            return _BLANK.sub(lambda blank: str(values.get(blank[1], blank[0])), text)
    return text


def _texts_in(value: object) -> list[str]:
    match value:
        case str():
            return [value]
        case dict():
            return [text for one in value.values() for text in _texts_in(one)]
        case list():
            return [text for one in value for text in _texts_in(one)]
    return []

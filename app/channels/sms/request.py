"""What every provider of text messages needs before it can be asked: a reachable number and a filled template."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.channels.base import Sms, SmsTemplate
from app.domain.outcome import Rejected

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_PRIVACY = re.compile(r"1[3-9][0-9]{9}-[0-9]+")


@dataclass(frozen=True, slots=True)
class ProviderTemplate:
    """An approved template: its id, and for each of its variables the key of ``Sms.values`` that fills it.

    The order of ``variables`` is the order of the template; Tencent counts them and ignores the names.
    """

    id: str
    variables: tuple[tuple[str, str], ...] = ()


Templates = Mapping[SmsTemplate, ProviderTemplate]


@dataclass(frozen=True, slots=True)
class Filled:
    """A template with the values of one message, named and in order."""

    template_id: str
    variables: tuple[tuple[str, str], ...]


class MissingExtra(RuntimeError):
    """The official SDK of the chosen provider is not installed."""

    def __init__(self, extra: str) -> None:
        super().__init__(f"短信服务商 {extra} 的官方 SDK 未安装，请执行：pip install 'lifeboat[{extra}]'")


def refuse_number(phone: str) -> Rejected | None:
    """Return why no text message can reach ``phone``: a text cannot dial the extension of a privacy number."""
    if _MOBILE.fullmatch(phone):
        return None
    return Rejected("sms:privacy_number" if _PRIVACY.fullmatch(phone) else "sms:bad_number")


def fill(message: Sms, templates: Templates) -> Filled | Rejected:
    """Return the template of ``message`` with its values, or why there is nothing to send."""
    if refused := refuse_number(message.phone):
        return refused
    template = templates.get(message.template)
    if template is None:
        return Rejected("sms:template_missing", blame="channel")
    if any(key not in message.values for _, key in template.variables):
        return Rejected("sms:value_missing")
    values = ((name, message.values[key]) for name, key in template.variables)
    return Filled(template.id, tuple((name, value.encode("utf-8", "replace").decode()) for name, value in values))

"""The words of fail-over: how the main system stands, and what can be switched."""

from app.domain.switch import EVERYTHING
from app.words.labels import Label, Labels

MAIN_STATES = Labels(
    {"up": Label("正常", "green"), "down": Label("不收单", "red"), "unknown": Label("状况不明", "orange")}
)


def switched_name(channel: str) -> str:
    """Return what people call something that can be switched."""
    return "全部渠道" if channel == EVERYTHING else f"渠道 {channel} "

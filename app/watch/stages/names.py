"""What people call the kinds of orders that figures are kept of, and how long these stay."""

from app.domain.marks import Stage
from app.domain.stage_clock import window_of


def channel_word(channel: str) -> str:
    """Return a channel's name; those beyond the first twenty are summed up without one."""
    return channel or "其他渠道"


def kind_word(channel: str, *, high: bool) -> str:
    """Return the name of a kind of orders."""
    return f"{channel_word(channel)}的{'高优' if high else '普通'}订单"


def stay_words(stage: Stage, *, flow_mean: float, exits: int) -> str:
    """Return how long orders stay in a stage; where nobody left, the mean is no time that anybody has stayed."""
    if exits == 0:
        return f"近 {window_of(stage.limit).total_seconds() / 60:.0f} 分钟没有一单离开"
    return f"每单停留约 {flow_mean:.0f} 分钟"

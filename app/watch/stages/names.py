"""What people call the kinds of orders that figures are kept of."""


def channel_word(channel: str) -> str:
    """Return a channel's name; those beyond the first twenty are summed up without one."""
    return channel or "其他渠道"


def kind_word(channel: str, *, high: bool) -> str:
    """Return the name of a kind of orders."""
    return f"{channel_word(channel)}的{'高优' if high else '普通'}订单"

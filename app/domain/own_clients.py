"""The clients that are ours: the ways in by which people give orders, and no storefront; none of them has a key."""

from app.domain.caller import Caller

BY_HAND = Caller("hand", "代客下单", "intake", drill=False)
"""Orders that somebody has typed at the console for a customer."""

BY_FILE = Caller("file", "文件导入", "intake", drill=False)
"""Orders of a spreadsheet, by the console or the command line: one client, so that both know a row again."""

BY_BUYER = Caller("buyer", "买家自助", "intake", drill=False)
"""Orders of the public form; nobody has vouched for them."""

OWN_CLIENTS = {one.client_id: one.name for one in (BY_HAND, BY_FILE, BY_BUYER)}
"""Their names by id; a storefront's id has eight characters, and is none of these."""

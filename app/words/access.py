"""The words of who may come in: what a role may do, and how an account and a key stand."""

from app.words.labels import Label, Sentences

ROLE_SENTENCES = {
    "viewer": "看数字和进度，看不到客户信息",
    "service": "另可查看客户信息、认领告警",
    "ops": "另可下载批次、处理订单、传结果",
    "it": "另可看审计、体检、暂存与配置",
    "admin": "另可管理人员与密钥",
}
"""What a role may do beyond the one before it."""
ACCOUNT_STATES = {
    "open": Label("在用", "green"),
    "first": Label("待首次登录", "orange"),
    "disabled": Label("已停用", "secondary"),
}
KEY_STATES = {
    "open": Label("在用", "green"),
    "rotating": Label("新旧两把都有效", "orange"),
    "revoked": Label("没有有效密钥", "secondary"),
}
SCOPES = Sentences({"intake": "下单", "ops": "取批次、传结果、看台账", "lifecycle": "上报订单进度"})
"""What a key of this scope may do."""
DUTY_PLACES = {"1": "第一值班", "2": "第二值班"}
"""Who is asked first, and who where the first does not answer."""
DUTY_SOURCES = {"shift": "班次", "override": "换班", "gap": "空班"}
CONTACT_STATES = {"verified": Label("已验证", "green"), "entered": Label("未验证，不会使用", "orange")}
CONTACT_WAYS = {"phone": "手机", "email": "邮箱"}

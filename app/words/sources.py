"""What people read of a source of lifecycle events: the word of each kind, and one sentence for each trouble."""

from collections.abc import Mapping

SOURCE_KINDS: Mapping[str, str] = {
    "wangdiantong": "旺店通（旗舰版）",
    "jushuitan": "聚水潭",
    "guanyi": "管易",
    "kuaidi100": "快递100",
    "http": "通用 JSON 接口",
}

SOURCE_TROUBLES: Mapping[str, str] = {
    "untried": "还没有试读过：请执行 lifeboat watch source check，读到一页后才开始轮询",
    "no_secret": "环境变量中没有密钥，请检查 [secrets] 里写的名称",
    "key": "密钥、账号或签名不对，请核对 [access] 与 [secrets]",
    "token": "授权已过期或不对，请重新授权并更新 access_token 或 sessionkey",
    "ip": "本机的出口 IP 不在对方的白名单中，请在对方后台登记",
    "clock": "对方拒绝了请求的时间：请校准本机时钟（NTP）",
    "permission": "没有权限：请在对方后台开通该接口，并给该账号店铺与仓库的权限",
    "throttled": "调用过于频繁，已暂停一会儿；其他工具可能在用同一个密钥",
    "quota": "调用次数已用完，请向服务商续费",
    "phone_tail": "这家快递查询须带收件人手机号后四位",
    "our_call": "对方不认识我们的请求参数，请反馈给开发人员",
    "refused": "对方拒绝了请求，原话见后",
    "bad_answer": "对方的答复不是约定的形式，缺少或看不懂的字段见后",
    "short_page": "对方给的页比它自己说的少，已重读三次，稍后再试",
    "window_grows": "读的过程中这一段时间里不断有新内容，稍后再试；可把 margin_seconds 调大",
    "too_many_rows": "一段时间内的内容过多，请把 span_minutes 调小",
    "not_json": "对方答复的不是数据（可能是网页），请检查 address",
    "too_large": "对方的答复过大",
    "unreachable": "连不上对方，请检查网络与防火墙",
    "timeout": "对方没有在限时内答复",
    "server": "对方的服务出错，稍后再试",
    "store_busy": "数据库正忙，稍后再读",
    "internal": "程序没能处理对方的答复，请把后台进程的日志交给开发人员",
    "no_events": "读到了内容，但没有一行说明了订单进度：请核对对应关系",
    "no_order": "最近没有订单，读不到操作日志，请有订单时再试",
}
"""By the code; those of HTTP answers are ``http_`` and the status, see :func:`source_trouble`."""


def source_trouble(code: str) -> str:
    """Return the sentence of a trouble."""
    if code.startswith("http_"):
        return f"对方的服务出错（HTTP {code.removeprefix('http_')}），稍后再试"
    return SOURCE_TROUBLES.get(code, code)

"""What people read of the main system's API: what was looked at, and one sentence for each thing that can be wrong."""

from collections.abc import Mapping

from app.words.labels import Sentences
from app.words.sources import source_trouble

MAIN_CHECKS = Sentences({"access": "密钥、IP 与查单", "clock": "时钟", "shop": "店铺"})
"""What a check looks at."""

CHECK_VERDICTS = Sentences({"well": "正常", "wrong": "有问题", "unproven": "无法核对"})

MAIN_ANSWERS = Sentences(
    {
        "created": "主系统已建立这一单",
        "exists": "主系统里有",
        "absent": "主系统里没有",
        "refused_data": "主系统拒绝了这一单",
        "refused_auth": "主系统拒绝了我们",
        "throttled": "主系统让我们稍候",
        "unknown": "不知道：主系统没有给出明确的答复",
    }
)
"""By what a call came to."""

MAIN_TROUBLES: Mapping[str, str] = {
    "clock_is_off": "本机时钟与对方相差（秒）见后，请校准（NTP）",
    "no_clock": "对方的答复里没有时间，请自行确认本机时钟已由 NTP 校准",
    "no_shop": "对方没有 [shops] 里的这些店铺，或本应用没有它们的权限",
    "shop_by_first_order": "这家的接口查不出店铺是否存在，请以第一单核对",
    "probe_found": "查一个不存在的单号，对方却说有：请核对 [lookup]",
    "unmarked": "答复没有被任何标记认出，请核对接入配置里的标记",
    "contradictory": "答复自相矛盾（同时符合几个标记，或既有订单又有错误）",
    "other_order": "答复里是别的单号，不是所问的这一单",
    "no_number": "答复里没有主系统单号，不能算已建立",
    "missing_in_answer": "答复里没有提到这一单，不能算已建立",
    "several": "主系统里有几笔这个单号的订单",
    "no_reference": "这一单没有主系统能查的单号",
    "refused": "对方拒绝了请求，但看不出是不是这一单的问题，原话见后",
}


def main_trouble(code: str) -> str:
    """Return the sentence of what is wrong with an answer of a main system."""
    return MAIN_TROUBLES.get(code) or source_trouble(code)


REPLAY_STATES = Sentences(
    {"planned": "已计划", "running": "进行中", "paused": "已暂停", "aborted": "已中止", "done": "已完成"}
)

"""The words of 告警阈值: the rules, why an alert is not told by itself, what a judgement of the past cannot know."""

from app.words.labels import Sentences

HEALTH_RULES = Sentences(
    {
        "backlog_growing": "红灯：订单积压",
        "gate_blocked": "橙灯：入仓停了",
        "orders_silent": "橙灯：没有新订单",
        "feed_blind": "橙灯：数据没来",
        "stage_slow": "黄灯：比平时慢",
        "stage_bottleneck": "提示：瓶颈",
    }
)
INHIBITED_BY = Sentences(
    {"red": "同环节已有红灯，不单独通知", "incident": "应急事件期间不通知", "closed": "仓库休息时不通知"}
)
WHAT_IF_DOUBTS = Sentences(
    {
        "short": "存下的进度不到这么多天，只算有记录的部分。",
        "late": "晚到的进度按它发生的时间算：当时因为晚到而看错的，这里看不出来。",
        "limits": "环节限时按现在的流程图，平时的用时按现在存下的记录（已剔除当时告警、事故和大促的时段）。",
        "unreadable": "数据来源“连不上”没有历史记录，只按它多久没有送来进度来算；人工静音不算在内。",
        "incident": "有些应急分钟没有记下等待的订单数，这些分钟的红灯无法重算，按“不知道”处理。",
    }
)

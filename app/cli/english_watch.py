"""What ``lifeboat watch`` says in English, by the Chinese it stands for; part of :mod:`app.cli.english_sentences`."""

from collections.abc import Mapping

WATCH_TITLES: Mapping[str, str] = {
    "会响的告警": "Alerts that would have rung",
    "订单健康": "Order health",
    "数据源": "Sources",
    "试读": "Trial",
}

WATCH_SAID: Mapping[str, str] = {
    "规则": "Rule",
    "动静": "Turn",
    "告诉": "Told",
    "这些日子里没有告警会响。": "No alert would have rung on these days.",
    "第 {line} 行不是 JSON。": "Line {line} is no JSON.",
    "第 {line} 行：{detail}": "Line {line}: {detail}",
    "已重放到 {at:%m-%d %H:%M}，{events:,} 个事件": "Replayed to {at:%m-%d %H:%M}, events: {events:,}",
    "环节": "Stage",
    "在其中": "Inside",
    "超限": "Over limit",
    "平均（分钟）": "Mean (minutes)",
    "已完成平均": "Mean of those done",
    "一半在": "Half within",
    "95% 在": "95 % within",
    "最久": "Oldest",
    "限时": "Limit",
    "还没有订单进度：请主系统用 lifecycle 密钥上报 POST /v1/lifecycle-events。": "Nothing has been told yet: let the main system report to POST /v1/lifecycle-events with a lifecycle key.",
    "订单少于 10 笔的环节只供参考。": "Stages of fewer than 10 orders are a hint only.",
    "种类": "Kind",
    "读到": "Read up to",
    "最新进度": "Newest",
    "已存事件": "Events",
    "查询": "Reading",
    "行数": "Rows",
    "共": "Of",
    "进度": "Marks",
    "看不懂": "Not understood",
    "没有数据源：请在 LIFEBOAT_WATCH_SOURCES_DIR 中放入配置文件，写法见 docs/watch.zh-CN.md。": "There is no source: put a file into LIFEBOAT_WATCH_SOURCES_DIR, as docs/watch.zh-CN.md shows.",
    "没有可试读的查询。": "There is nothing to try.",
    "{source}：看不懂 {what}（{count} 次）": "{source}: not understood: {what} (times: {count})",
    "{source}：操作日志抽读 {asked}/{wanted}": "{source}: logs read of {asked}/{wanted} orders",
    "{source}：{channel} 24 小时内揽收已知 {collected}，推断 {inferred}，超时未知 {unknown}": "{source}: {channel} in 24 hours: collected {collected}, inferred {inferred}, overdue and unknown {unknown}",
    "本机时钟与对方相差 {seconds} 秒，请校准（NTP）。": "This machine's clock is {seconds} seconds off theirs; set it (NTP).",
    "看到的店铺：{shops}。缺少的店铺：请在对方后台给权限。": "Shops seen: {shops}. If one is missing, grant this account its rights at the vendor.",
    "没有数据源 {name}。现有：{names}": "There is no source {name}. There are: {names}",
    "读了 {rows} 行，新增 {events} 个进度。": "Rows read: {rows}. New marks: {events}.",
    "还没有读过": "not read yet",
    "运行正常": "works",
    "可以读": "can be read",
}

WATCH_HELP: Mapping[str, str] = {
    "订单健康的数据源：ERP 与快递查询。": "Sources of order health: ERPs, and what carriers tell.",
    "数据源的名称，见 lifeboat watch source list。": "Name of the source, as lifeboat watch source list shows it.",
    "列出数据源：读到何时、有没有问题、哪些内容看不懂；配置有误的文件。有问题时以 1 结束。": "List sources: how far each is read, what is wrong, what is not understood; files that are wrong. Exit status 1 if anything is.",
    "试读一页：密钥、IP、时钟、店铺哪里不对；读得懂的从此开始轮询。有问题时以 1 结束。": "Read one page of each query: is it the key, the address, the clock, the shop? What works is polled from then on. Exit status 1 if anything is wrong.",
    "只读一段，不追到最新。": "Read one window; do not catch up.",
    "现在就读：从上次的位置读到最新（平时由后台进程自动进行）。有问题时以 1 结束。": "Read now, from where the source stands up to the newest (a worker does so by itself). Exit status 1 if anything is wrong.",
}

"""What ``lifeboat switch`` and ``lifeboat probe`` say in English, by the Chinese it stands for."""

from collections.abc import Mapping

FAILOVER_TITLES: Mapping[str, str] = {"已切换的渠道": "Storefronts that stand in here"}

FAILOVER_SAID: Mapping[str, str] = {
    "用法：lifeboat switch 渠道 on|off --reason 原因，或 lifeboat switch list。": "Usage: lifeboat switch CHANNEL on|off --reason WHY, or lifeboat switch list.",
    "{channel} 已切回主系统。": "{channel} is back on the main system.",
    "{channel} 已切到 Lifeboat，到 {until} 自动切回。": "{channel} stands in with Lifeboat until {until}.",
    "{channel} 已切到 Lifeboat，直到有人切回。": "{channel} stands in with Lifeboat until somebody switches it back.",
    "没有配置 LIFEBOAT_SWITCH_DIR，请让代理载入以下映射：": "LIFEBOAT_SWITCH_DIR is not set; let the proxy load this map:",
    "后台进程没有在工作：文件要等它恢复才会跟上。": "The worker is not at work: the file follows once it is back.",
    "没有切换任何渠道。": "Nothing is switched.",
    "没有配置主系统的探测（LIFEBOAT_MAIN_HEALTH_URL）。": "The main system is not probed (LIFEBOAT_MAIN_HEALTH_URL).",
    "主系统：{state}。{why}": "Main system: {state}. {why}",
    "已认定主系统{state}，到 {until}。": "The main system counts as {state} until {until}.",
    "已撤销，以探测为准。": "Withdrawn; what the probe finds counts again.",
}  # fmt: skip

FAILOVER_HELP: Mapping[str, str] = {
    "把一个渠道切到 Lifeboat 或切回，其余渠道照旧走主系统。文件由后台进程几秒内写好。": "Let a storefront stand in with Lifeboat, or go back; the others stay on the main system. The worker writes the file within seconds.",
    "渠道名，与代理配置里的一致；all 为全部；list 列出已切换的。": "Name as the proxy's configuration has it; all for every one; list shows what is switched.",
    "on 切到 Lifeboat，off 切回主系统。": "on: to Lifeboat; off: back to the main system.",
    "为什么切换，接班的人要看。": "Why, for whoever comes next.",
    "到何时自动切回，本店时间，例如 2026-11-22T20:00。": "Until when, on the merchant's clock, such as 2026-11-22T20:00.",
    "只打印代理要载入的映射，用于切换目录不在代理那台机器上时。": "Print the map alone that a proxy loads where the folder is on another machine.",
    "主系统的状况：探测到的，与人工认定的。": "How the main system stands: as the probe finds, or as a person says.",
    "显示主系统现在的状况、自何时起、凭什么。": "Show how the main system stands, since when, and by what.",
    "人工认定主系统的状况，到时自动以探测为准。只告诉群，不切换任何渠道。": "Say how the main system stands, for a while; the group is told, nothing is switched.",
    "up 正常，down 不收单。": "up, or down: it takes no orders.",
    "依据，接班的人要看。": "Why, for whoever comes next.",
    "认定多少分钟，最长 24 小时。": "For how many minutes, 24 hours at most.",
    "撤销人工认定，以探测为准。": "Withdraw a person's word; what the probe finds counts again.",
}  # fmt: skip

"""What ``lifeboat main`` says in English, by the Chinese it stands for; part of :mod:`app.cli.english_sentences`."""

from collections.abc import Mapping

MAIN_TITLES: Mapping[str, str] = {
    "主系统的接口": "The main system's API",
}

MAIN_SAID: Mapping[str, str] = {
    "主系统": "Main system",
    "检查": "Check",
    "没有可用的主系统接口，写法见 docs/main-system.zh-CN.md。": "No main system can be called; docs/main-system.zh-CN.md shows how one is described.",
    "没有这一单可查的主系统接口。现有：{names}；写法见 docs/main-system.zh-CN.md。": "No main system can be asked for this order. There are: {names}; see docs/main-system.zh-CN.md.",
    "{system}　{number}：{answer}": "{system}  {number}: {answer}",
    "主系统单号：{numbers}": "Their numbers: {numbers}",
    "金额：{total} 元": "Total: {total} yuan",
    "接入配置里没有 [{table}]。": "The profile has no [{table}].",
    "答复不是 JSON：主系统真的这样答复时，一律算“不知道”。": "The answer is no JSON: if the main system really answers so, that is unknown.",
    "这一单在主系统里已作废或取消。": "The main system has cancelled this order.",
}

MAIN_HELP: Mapping[str, str] = {
    "主系统的一份答复（JSON）。": "An answer of the main system (JSON).",
    "是对查单（lookup）还是对送回（replay）的答复。": "Whether it answers a look-up or a replay.",
    "问的是哪个单号。": "The number that was asked for.",
    "答复的 HTTP 状态码。": "HTTP status of the answer.",
    "主系统的一份答复会被认成什么。认不出（不知道）时以 1 结束。": "What an answer of the main system would be taken for. Exit status 1 if nothing knows it.",
    "主系统的接口：试连，查单。": "The main system's API: try it, look an order up.",
    "应急单号；不是本系统的单号，就按原样去查。": "Order number; one that is none of ours is asked for as it is.",
    "在哪个主系统里查，名称见 lifeboat main check；不写就是这一单要回的那个。": "Which main system to ask, by its name in lifeboat main check; by default the one that the order goes home to.",
    "试一次查单：密钥、IP、时钟、店铺对不对，不写入任何订单。有问题时以 1 结束，没有配置时以 2 结束。": "Try one look-up: are key, address, clock and shop right? Writes no order. Exit status 1 if anything is wrong, 2 if nothing is configured.",
    "在主系统里查一笔订单，并与本系统的核对。查到且一致、或确实没有时以 0 结束，须人看时以 1 结束。": "Look an order up in the main system and compare it with ours. Exit status 0 if it agrees or is surely not there, 1 if a person must look.",
}

"""What ``lifeboat main`` says in English, by the Chinese it stands for; part of :mod:`app.cli.english_sentences`."""

from collections.abc import Mapping

MAIN_TITLES: Mapping[str, str] = {
    "主系统的接口": "The main system's API",
    "须人核对": "For a person to check",
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
    "主系统已有 {found} 笔，没有 {not_found} 笔，尚无定论 {unanswered} 笔；还有 {waiting} 笔等待查询。": "The main system has {found}, does not have {not_found}, and left {unanswered} open; {waiting} wait to be asked about.",
    "没有事件 {name}。": "There is no incident {name}.",
    "演练的订单不能送进主系统。": "Orders of a drill never go to the main system.",
    "已列入 {orders} 笔。请勿再手工导入这些批次的文件；开始发送：lifeboat replay run。": "{orders} orders are planned. Import the files of these batches by hand no more; to begin: lifeboat replay run.",
    "还没有重放，请先计划：lifeboat replay plan。": "There is no replay; plan one: lifeboat replay plan.",
    "重放": "Replay",
    "重放{state}：已创建 {created}，本来就有 {exists}，被拒收 {refused}，未知 {unknown}，未发送 {left}，另行了结 {gone}。": "Replay {state}: created {created}, there before {exists}, refused {refused}, unknown {unknown}, left {left}, settled otherwise {gone}.",
}

MAIN_HELP: Mapping[str, str] = {
    "主系统的一份答复（JSON）。": "An answer of the main system (JSON).",
    "是对查单（lookup）还是对送回（replay）的答复。": "Whether it answers a look-up or a replay.",
    "问的是哪个单号。": "The number that was asked for.",
    "答复的 HTTP 状态码。": "HTTP status of the answer.",
    "主系统的一份答复会被认成什么。认不出（不知道）时以 1 结束。": "What an answer of the main system would be taken for. Exit status 1 if nothing knows it.",
    "主系统的接口：试连，查单。": "The main system's API: try it, look an order up.",
    "向主系统查询“可能已有”的订单并结案。平时由后台进程自动进行。还有未定的订单时以 1 结束，没有配置时以 2 结束。": "Ask the main system about the orders that it may have, and settle them; the worker does so by itself. Exit status 1 while any is open, 2 if nothing is configured.",
    "正在等待下次查询的、须人看的，也都现在再查一次。": "Ask now, too, about those that rest and those that wait for a person.",
    "用主系统的接口把已出批次的订单逐笔送回；先查后发，可暂停、继续、中止。": "Send orders of published batches home by the main system's API: asked first, then sent; may be paused, resumed, given up.",
    "哪次事件；不写则为最近一次。": "Which incident; the latest if not given.",
    "列入已发布批次里主系统还没有结果的订单；此时什么都不发送。": "Take up the orders of published batches that the main system has said nothing of; nothing is sent yet.",
    "开始或继续：先单独送一笔并查回核对，再逐笔送完。可随时按 Ctrl-C 离开，后台进程会接着送。": "Begin or go on: one order alone, looked up there, then the others. Leave by Ctrl-C at any time; the worker goes on.",
    "暂停：不再发送；已发出的等继续后查明。": "Pause: nothing more is sent; what was sent is followed up later.",
    "继续暂停的重放，由后台进程接着送；要看进度请用 run。": "Let a paused replay go on in the worker; to see it, use run.",
    "中止：未发送的改用文件导入，结果未知的留给人核对。": "Give up: what was not sent goes home by file, what is unknown is for a person.",
    "最近一次重放到了哪里，哪些须人核对。": "How far the latest replay has come, and what a person must check.",
    "应急单号；不是本系统的单号，就按原样去查。": "Order number; one that is none of ours is asked for as it is.",
    "在哪个主系统里查，名称见 lifeboat main check；不写就是这一单要回的那个。": "Which main system to ask, by its name in lifeboat main check; by default the one that the order goes home to.",
    "试一次查单：密钥、IP、时钟、店铺对不对，不写入任何订单。有问题时以 1 结束，没有配置时以 2 结束。": "Try one look-up: are key, address, clock and shop right? Writes no order. Exit status 1 if anything is wrong, 2 if nothing is configured.",
    "在主系统里查一笔订单，并与本系统的核对。查到且一致、或确实没有时以 0 结束，须人看时以 1 结束。": "Look an order up in the main system and compare it with ours. Exit status 0 if it agrees or is surely not there, 1 if a person must look.",
}

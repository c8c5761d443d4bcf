"""``python -m tests.fakes``: the providers as a process of their own, on the ports that were asked for."""

import argparse
import asyncio
import json
import sys

from tests.fakes.aliyun import AliyunFake
from tests.fakes.dingtalk import DingtalkFake
from tests.fakes.erp import ErpFake
from tests.fakes.feishu import FeishuFake
from tests.fakes.guanyi import GuanyiFake
from tests.fakes.jushuitan import JushuitanFake
from tests.fakes.kuaidi100 import Kuaidi100Fake
from tests.fakes.serving import LOOPBACK, server_of
from tests.fakes.tencent import TencentFake
from tests.fakes.wangdiantong import WangdiantongFake
from tests.fakes.wecom import WecomFake

AnyFake = WecomFake | FeishuFake | DingtalkFake | AliyunFake | TencentFake | ErpFake | Kuaidi100Fake


def main() -> None:
    """Serve until a signal comes; say on one line of JSON when all are ready."""
    arguments = _parser().parse_args()
    fakes: dict[int | None, AnyFake] = {
        arguments.wecom_port: WecomFake(penalty=not arguments.wecom_no_penalty, per_minute=arguments.wecom_per_minute),
        arguments.feishu_port: FeishuFake(),
        arguments.dingtalk_port: DingtalkFake(),
        arguments.aliyun_port: AliyunFake(),
        arguments.tencent_port: TencentFake(per_day=arguments.tencent_per_day),
        arguments.wangdiantong_port: WangdiantongFake(),
        arguments.jushuitan_port: JushuitanFake(),
        arguments.guanyi_port: GuanyiFake(),
        arguments.kuaidi100_port: Kuaidi100Fake(),
    }
    asyncio.run(_serve({port: fake for port, fake in fakes.items() if port is not None}, arguments.host))


async def _serve(fakes: dict[int, AnyFake], host: str) -> None:
    servers = [server_of(fake.app(), host=host, port=port) for port, fake in fakes.items()]
    serving = [asyncio.create_task(server.serve()) for server in servers]
    while not all(server.started for server in servers):
        if any(task.done() for task in serving):
            return
        await asyncio.sleep(0.01)
    sys.stdout.write(json.dumps({"ready": sorted(fakes)}) + "\n")
    sys.stdout.flush()
    await asyncio.gather(*serving)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fakes", description=__doc__)
    parser.add_argument("--host", default=LOOPBACK)
    parser.add_argument("--wecom-port", type=int)
    parser.add_argument("--feishu-port", type=int)
    parser.add_argument("--dingtalk-port", type=int)
    parser.add_argument("--aliyun-port", type=int)
    parser.add_argument("--tencent-port", type=int)
    for name in ("wangdiantong", "jushuitan", "guanyi", "kuaidi100"):
        parser.add_argument(f"--{name}-port", type=int)
    parser.add_argument(
        "--wecom-no-penalty", action="store_true", help="over the limit, refuse only the message itself"
    )
    parser.add_argument("--wecom-per-minute", type=int, default=20, help="messages of one robot in a minute")
    parser.add_argument("--tencent-per-day", type=int, default=2, help="messages to one number in a day")
    return parser


if __name__ == "__main__":
    main()

"""``lifeboat probe``: how the main system stands, and a person's word over what the probe finds."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

import typer

from app.cli.language import said, words
from app.cli.terminal import Json, actor, lifeboat, local, moment, out, say_json
from app.domain.main_health import MainState
from app.store.main_standing import main_standing
from app.watch.main_order import order_main, withdraw_main_order

app = typer.Typer(help="主系统的状况：探测到的，与人工认定的。", no_args_is_help=True)


class MainWord(StrEnum):
    """What a person may say of the main system."""

    UP = "up"
    DOWN = "down"


@app.command()
def show(*, as_json: Json = False) -> None:
    """显示主系统现在的状况、自何时起、凭什么。"""
    with lifeboat() as boat:
        settings = boat.settings
        with boat.store.reading() as uow:
            main = main_standing(uow, asked=bool(settings.main_asked), zone=settings.zone, now=boat.clock.now())
        if as_json:
            say_json(
                {
                    "state": main.state if main else None,
                    "since": moment(boat, main.since) if main else None,
                    "looked_at": moment(boat, main.looked_at) if main else None,
                    "by_person": main.is_ordered if main else False,
                    "why": main.why if main else None,
                }
            )
        elif main is None:
            out.print(said("没有配置主系统的探测（LIFEBOAT_MAIN_HEALTH_URL）。"))
        else:
            state = words.MAIN_STATES[main.state].text
            out.print(said("主系统：{state}。{why}", state=state, why=main.why), markup=False)


@app.command()
def force(
    state: Annotated[MainWord, typer.Argument(help="up 正常，down 不收单。")],
    why: Annotated[str, typer.Option(help="依据，接班的人要看。")],
    minutes: Annotated[int, typer.Option(min=1, max=1440, help="认定多少分钟，最长 24 小时。")] = 60,
    *,
    as_json: Json = False,
) -> None:
    """人工认定主系统的状况，到时自动以探测为准。只告诉群，不切换任何渠道。"""
    with lifeboat() as boat:
        lasting = timedelta(minutes=minutes)
        with boat.store.writing() as uow:
            until = order_main(uow, MainState(state), lasting=lasting, why=why, by=actor(), now=boat.clock.now())
        if as_json:
            say_json({"state": state, "until": moment(boat, until)})
        else:
            label = words.MAIN_STATES[MainState(state)].text
            out.print(said("已认定主系统{state}，到 {until}。", state=label, until=local(boat, until)), markup=False)


@app.command()
def release(*, as_json: Json = False) -> None:
    """撤销人工认定，以探测为准。"""
    with lifeboat() as boat:
        with boat.store.writing() as uow:
            withdraw_main_order(uow, by=actor(), now=boat.clock.now())
        if as_json:
            say_json({"released": True})
        else:
            out.print(said("已撤销，以探测为准。"))

"""The check-up of fail-over: how the main system stands, whether a proxy has ever handed over, and what is switched."""

from collections.abc import Iterator

from app.bootstrap.finding import Finding
from app.bootstrap.lifeboat import Lifeboat
from app.domain.main_health import MainState
from app.domain.passed_on import HEARD
from app.files.switch_folder import SwitchFolder
from app.store.main_standing import main_standing


def check_failover(boat: Lifeboat) -> Iterator[Finding]:
    """Say what would keep orders from coming here, or from going home, when the main system falls ill."""
    settings, now = boat.settings, boat.clock.now()
    asked = settings.main_asked
    with boat.store.reading() as uow:
        main = main_standing(uow, asked=bool(asked), zone=settings.zone, now=now)
        heard = uow.jobs.heartbeat(HEARD)
        switched = {row.channel for row in uow.switched.now(now)}
    if main is None:
        yield Finding("main_probe", "ok", "没有配置主系统的探测（LIFEBOAT_MAIN_HEALTH_URL）")
    else:
        yield Finding("main_probe", "ok" if main.state is MainState.UP else "warn", main.sentence)
    if len(asked) == 1:
        text = "没有配置查单地址（LIFEBOAT_MAIN_LOOKUP_URL）：主系统写不进订单时，健康地址往往照样有应答"
        yield Finding("main_lookup", "warn", text)
    if settings.trusted_proxies and heard is None:
        yield Finding("proxy", "warn", "还没有一单经代理转来过：请演练一次，见 docs/switching.md")
    yield from _switches(boat, switched)


def _switches(boat: Lifeboat, switched: set[str]) -> Iterator[Finding]:
    folder = boat.settings.switch_dir
    named = "、".join(sorted(switched)) or "没有切换任何渠道"
    if folder is None:
        if switched:
            text = f"已切换：{named}；没有配置 LIFEBOAT_SWITCH_DIR，请确认代理已载入 lifeboat switch list --map 的内容"
            yield Finding("switch", "warn", text)
        return
    try:
        there = SwitchFolder(folder).on()
    except OSError as error:
        yield Finding("switch", "warn", f"切换目录 {folder} 无法读取（{error.strerror}）")
        return
    if there == switched:
        yield Finding("switch", "ok", f"切换：{named}")
    else:
        wrong = "、".join(sorted(there ^ switched))
        yield Finding("switch", "warn", f"切换目录 {folder} 与记录不一致（{wrong}），请检查后台进程与目录权限")

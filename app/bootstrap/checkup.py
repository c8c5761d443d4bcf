"""The check-up: what could go wrong, said before it does; doctor prints it and the console shows it."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from app import words
from app.bootstrap.batches import headings_of, layout_in_use, layouts_of
from app.bootstrap.check_failover import check_failover
from app.bootstrap.finding import Finding
from app.bootstrap.lifeboat import Lifeboat
from app.bootstrap.main_files import described_mains
from app.bootstrap.source_files import sources_of
from app.bootstrap.watch import situation_of
from app.channels.kinds import label_of
from app.domain.times import local_text
from app.files.layouts.registry import UnknownLayout
from app.reconcile.main_access import tried_at
from app.store.database.migrate import current, newest
from app.store.ledger import ledger_of
from app.store.on_duty import lacks_in_words, roster_lacks
from app.store.spool.file import Spool, spool_files
from app.watch.patrol import look
from app.watch.rules import RULES
from app.watch.rules.dead_letters import DEAD_LETTERS
from app.watch.rules.disk_low import is_low
from app.words import source_trouble

GRAVE = {"ledger_unbalanced", "spool_set_aside", "spool_damaged"}
"""Troubles of the books: whatever is missing there may be an order."""

_NAMES = {"spool_waiting": "spool"}
"""Checks whose name here is older than the rule's code."""

CONFIRMED_WITHIN = timedelta(minutes=10)
"""A switch is told each five minutes; one that was not for ten has missed two."""

SLOW_COMMIT = 0.25
COMMITS_WITHIN = 3.0
"""Seconds after which a commit is taken for one that hangs; the door gives up much earlier."""


def findings_of_store(boat: Lifeboat, *, commits_within: float = COMMITS_WITHIN) -> Iterator[Finding]:
    """Say whether the database has the shape this program needs, and whether a commit ends."""
    yield from _shape(boat)
    took = _commit(boat, within=commits_within)
    if took is None:
        yield Finding("commit", "fail", f"一次落盘提交 {commits_within:g} 秒仍未完成：订单将写入本地暂存")
    else:
        yield Finding("commit", "ok" if took < SLOW_COMMIT else "warn", f"一次落盘提交用时 {took * 1000:.1f} 毫秒")


def _shape(boat: Lifeboat) -> Iterator[Finding]:
    revision, wanted = current(boat.engines), newest()
    yield Finding(
        "schema",
        "ok" if revision == wanted else "fail",
        f"数据库结构版本 {revision}" + ("" if revision == wanted else f"，程序需要 {wanted}"),
    )


def _commit(boat: Lifeboat, *, within: float) -> float | None:
    """Commit once and return the seconds it took; None if it hangs, as without a standby that it must wait for."""
    began = time.perf_counter()
    failed: list[Exception] = []

    def commit() -> None:
        try:
            boat.writer().write([], [])
        except Exception as error:  # noqa: BLE001 - raised again below, where somebody hears it
            failed.append(error)

    thread = threading.Thread(target=commit, daemon=True)  # a commit that waits for ever must not keep us from ending
    thread.start()
    thread.join(within)
    if thread.is_alive():
        return None
    if failed:
        raise failed[0]
    return time.perf_counter() - began


def _disk(boat: Lifeboat) -> Iterator[Finding]:
    policy = situation_of(boat).policy
    for name, folder in (("data_disk", boat.settings.data_dir), ("export_disk", boat.settings.export_dir)):
        folder.mkdir(parents=True, exist_ok=True)
        status = "warn" if is_low(folder, policy) else "ok"
        yield Finding(name, status, f"{folder} 剩余 {shutil.disk_usage(folder).free / 1024**3:.1f} GiB")


def _rules(boat: Lifeboat) -> Iterator[Finding]:
    """What the watch finds wrong: the same definitions that /readyz, the console and the group go by."""
    for one in look(RULES, situation_of(boat)):
        if one.troubles is None:
            yield Finding(one.rule.name, "fail", f"规则 {one.rule.name} 无法检查", one.rule.name)
        for trouble in one.troubles or ():
            if trouble.code == "spool_set_aside":
                continue  # each record is named below
            name = _NAMES.get(trouble.code, trouble.code)
            yield Finding(name, "fail" if trouble.code in GRAVE else "warn", trouble.text, one.rule.name)
        if one.rule is DEAD_LETTERS and not one.troubles:
            yield Finding("dead_letters", "ok", "没有未送达的消息")
    for path in spool_files(boat.settings.spool_dir):
        for number, reason in Spool.peek_quarantined(path):
            yield Finding("set_aside", "fail", f"暂存记录放到一边：{number}（{reason}），请看 lifeboat spool list")


def _channels(boat: Lifeboat) -> Iterator[Finding]:
    settings = boat.live
    robots = {channel: len(chosen.addresses) for channel, chosen in settings.robots.items()}
    for channel, count in robots.items():
        robot = f"{label_of(channel)}机器人"
        if count:
            yield Finding(channel, "ok", f"{robot} {count} 个")
        elif any(robots.values()):
            yield Finding(channel, "ok", f"未使用{robot}")
        else:
            yield Finding(channel, "warn", f"未配置{robot}：群消息只记录、不发送")
    dry = settings.sms_provider == "dry_run"
    yield Finding(
        "sms",
        "warn" if dry else "ok",
        "短信为模拟发送：顾客收不到短信" if dry else f"短信服务商 {settings.sms_provider}",
    )
    if settings.sms_coupon != "off":
        with boat.store.reading() as uow:
            free = uow.coupons.free()
        yield Finding("coupons", "ok" if free > settings.coupon_low_at else "warn", f"优惠券剩余 {free} 张")


def _dead_men(boat: Lifeboat) -> Iterator[Finding]:
    """Say whether a switch elsewhere would notice that all of this is dead: nothing here can tell of that."""
    settings = boat.settings
    switches = {"patrol": settings.ping_url, "batch": settings.ping_batch_url}
    chosen = [name for name, url in switches.items() if url.get_secret_value()]
    if not chosen:
        yield Finding("dead_man", "warn", "没有配置外部看门狗：整台服务器停了，没有人会知道（LIFEBOAT_PING_URL）")
        return
    with boat.store.reading() as uow:
        pings = uow.dependencies.pings()
    now = boat.clock.now()
    patience = {"patrol": CONFIRMED_WITHIN, "batch": settings.batch_every + CONFIRMED_WITHIN}
    for name in chosen:
        known, word = pings.get(name), words.SWITCHES[name]
        if known is None:
            yield Finding("dead_man", "warn", f"外部看门狗“{word}”还没有报过平安")
        elif known.reason or known.ok_at is None or now - known.ok_at > patience[name]:
            last = f"上次成功 {local_text(known.ok_at, settings.zone)[:16]}" if known.ok_at else "还没有成功过"
            why = f"，{words.PROBE_REASONS[known.reason]}" if known.reason else ""
            yield Finding("dead_man", "warn", f"外部看门狗“{word}”报不出平安{why}（{last}）")
        else:
            yield Finding("dead_man", "ok", f"外部看门狗“{word}”已收到平安")


def _books(boat: Lifeboat) -> Iterator[Finding]:
    spool_dir = boat.settings.spool_dir
    ledger = ledger_of(boat.store, spool_dir=spool_dir)
    counted = ledger_of(boat.store, spool_dir=spool_dir, full=True)
    yield Finding(
        "kept_counts",
        "ok" if counted == ledger else "fail",
        "台账累计数与逐行清点" + ("一致" if counted == ledger else "不一致"),
    )
    with boat.store.reading() as uow:
        incident = uow.incidents.latest()
        strays = uow.ledger.unbatched_strays(incident.id or 0) if incident else ()
    if strays:
        yield Finding("strays", "fail", f"状态与批次矛盾的订单：{'、'.join(strays[:10])}")
    yield Finding(
        "ledger",
        "ok" if ledger.balanced else "fail",
        f"台账{'平衡' if ledger.balanced else '不平'}：已受理 {ledger.accepted}",
    )


def _layouts(boat: Lifeboat) -> Iterator[Finding]:
    layouts = layouts_of(boat.settings)
    for wrong in layouts.wrong:
        yield Finding("layout", "warn", f"文件布局有误：{wrong.sentence}")
    if (kept := boat.live.batch_columns) != layout_in_use(boat, layouts):
        yield Finding("layout", "warn", f"控制台选的布局 {kept} 已不存在，现按 .env 的布局出批次")
    if trouble := headings_of(boat.settings).trouble:
        yield Finding("result_columns", "warn", trouble)
    try:
        chosen = layouts.named(layout_in_use(boat, layouts))
    except UnknownLayout as error:
        yield Finding("layout", "fail", f"出不了批次：{error}")
    else:
        yield Finding("layout", "ok", f"批次文件的布局：{chosen.title}")


def _sources(boat: Lifeboat) -> Iterator[Finding]:
    found = sources_of(boat.settings)
    for wrong in found.wrong:
        yield Finding("watch_source", "warn", f"数据源的配置有误：{wrong.sentence}")
    with boat.store.reading() as uow:
        rows = {row.name: row for row in uow.sources.all()}
    for one in found.known:
        row = rows.get(one.name)
        trouble = "" if row is None else row.trouble
        stands = source_trouble(trouble) if trouble else "正常" if row is not None else "还没有读过"
        yield Finding("watch_source", "warn" if trouble else "ok", f"数据源 {one.name}：{stands}")


def _main_systems(boat: Lifeboat) -> Iterator[Finding]:
    """Say whether the main system's API was tried: an outage is no time to find out that its key is wrong."""
    systems = described_mains(boat.settings)
    for sentence in systems.wrong:
        yield Finding("main_system", "warn", f"主系统接口的配置有误：{sentence}")
    with boat.store.reading() as uow:
        tried = {one.name: tried_at(uow, one.account) for one in systems.known}
    for name, at in tried.items():
        if at is None:
            yield Finding("main_system", "warn", f"主系统接口 {name} 还没有试通：请执行 lifeboat main check")
        else:
            when = local_text(at, boat.settings.zone)[:16]
            yield Finding("main_system", "ok", f"主系统接口 {name}：{when} 试通")


def _roster(boat: Lifeboat) -> Iterator[Finding]:
    with boat.store.reading() as uow:
        lacks = roster_lacks(uow, boat.keyring, now=boat.clock.now())
    found = lacks_in_words(lacks, zone=boat.settings.zone)
    unreached = lacks.used and lacks.fallback is None
    for lack in found:
        yield Finding(lack.code, "fail" if unreached and lack.code == "roster_nobody" else "warn", lack.text)
    if not found:
        yield Finding("roster", "ok", "值班表：今后 14 天都有人值班" if lacks.used else "没有使用值班表")


Check = Callable[[Lifeboat], Iterator[Finding]]

QUICK: tuple[Check, ...] = (
    _shape,
    _disk,
    _layouts,
    _channels,
    _sources,
    _main_systems,
    _dead_men,
    check_failover,
    _roster,
    _rules,
)
"""Checks that cost the same however many orders there are, and commit nothing."""

CHECKS: tuple[Check, ...] = (
    findings_of_store,
    _disk,
    _layouts,
    _channels,
    _sources,
    _main_systems,
    _dead_men,
    check_failover,
    _roster,
    _books,
    _rules,
)
"""All; one of them counts every row of the incident."""


def findings(boat: Lifeboat, checks: Sequence[Check] = CHECKS) -> Iterator[Finding]:
    """Yield what the checks find; one that cannot look is a finding itself and keeps no other from looking."""
    for check in checks:
        try:
            yield from check(boat)
        except Exception as error:  # noqa: BLE001 - the database is away, or a mistake of ours
            yield Finding("check", "fail", f"有一项无法检查（{type(error).__name__}），请看运行日志")

"""The commands: JSON for programs, Chinese for people, an exit code for both."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from app.bootstrap import Lifeboat, checkup
from app.channels.kinds import GROUPS
from app.domain.states import HeldKind, MessageState
from app.store.spool.file import Spool
from tests.deployment.facts import KEYS, SECRETS
from tests.deployment.notices import a_policy
from tests.deployment.orders import new_order, new_orders
from tests.integration.conftest import Run

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "profiles"


def _json(result: Result) -> Any:
    return json.loads(result.stdout)


def test_every_command_explains_itself(run: Run):
    text = run("--help").stdout
    for name in (
        "serve",
        "web",
        "worker",
        "migrate",
        "doctor",
        "export",
        "import-results",
        "ledger",
        "clients",
        "users",
        "coupons",
    ):
        assert name in text
        assert run(name, "--help").stdout.strip()


def test_a_client_is_added_and_its_key_shown_once(run: Run):
    issued = _json(run("clients", "add", "tmall", "--json"))
    assert issued["key"].startswith(f"lbk_{issued['key_id']}_")
    (listed,) = _json(run("clients", "list", "--json"))
    assert (listed["id"], listed["name"], listed["scope"], listed["drill"], listed["keys"]) == (
        issued["id"],
        "tmall",
        "intake",
        False,
        [issued["key_id"]],
    )
    assert issued["key"] not in run("clients", "list").stdout
    ops = _json(run("clients", "add", "ops", "--scope", "ops", "--drill", "--json"))
    assert {
        client["name"]: (client["scope"], client["drill"]) for client in _json(run("clients", "list", "--json"))
    } == {"tmall": ("intake", False), "ops": ("ops", True)}
    assert ops["key"] != issued["key"]


def test_a_key_is_replaced_and_the_old_one_revoked(run: Run):
    first = _json(run("clients", "add", "tmall", "--json"))
    second = _json(run("clients", "rotate", "tmall", "--json"))
    assert "已有两把有效密钥" in run("clients", "rotate", "tmall", code=1).stderr
    run("clients", "revoke", first["key_id"])
    assert _json(run("clients", "list", "--json"))[0]["keys"] == [second["key_id"]]
    assert "没有有效的密钥" in run("clients", "revoke", first["key_id"], code=1).stderr
    assert "没有渠道" in run("clients", "rotate", "nobody", code=1).stderr


@pytest.mark.parametrize(("name", "sentence"), [("tmall", "渠道 tmall 已存在"), (" ", "1–64"), ("x" * 65, "1–64")])
def test_a_client_of_a_bad_or_taken_name_is_refused(run: Run, name: str, sentence: str):
    run("clients", "add", "tmall")
    result = run("clients", "add", name, code=1)
    assert sentence in result.stderr
    assert result.stdout == ""


def test_accounts_are_added_reset_and_disabled(run: Run):
    first = _json(run("users", "add", "li", "--role", "ops", "--json"))
    again = _json(run("users", "reset-password", "li", "--json"))
    assert (first["name"], first["role"]) == ("li", "ops")
    assert first["password"] != again["password"]
    assert len(first["password"]) >= 12
    run("users", "disable", "li")
    unreached = {"phone": None, "phone_verified": False, "email": None, "email_verified": False}
    assert _json(run("users", "list", "--json")) == [{"name": "li", "role": "ops", "disabled": True, **unreached}]
    assert "已存在" in run("users", "add", "li", code=1).stderr
    for command in (["reset-password", "nobody"], ["disable", "nobody"]):
        assert "没有账号 nobody" in run("users", *command, code=1).stderr
    run("users", "add", "x", "--role", "king", code=2)


def test_coupons_are_imported_generated_and_counted(run: Run, tmp_path: Path):
    file = tmp_path / "codes.csv"
    file.write_text("券码,面额\nC-1,20 元\nC-2,\n\nC-1,20 元\n", encoding="utf-8-sig")
    assert _json(run("coupons", "import", str(file), "--json")) == {"added": 2, "known": 1}
    file.write_bytes("券码\n＝1\n".encode("gb18030"))
    assert _json(run("coupons", "import", str(file), "--json"))["added"] == 1
    assert _json(run("coupons", "generate", "5", "--worth", "10 元", "--prefix", "LB-", "--json")) == {"added": 5}
    assert _json(run("coupons", "status", "--json")) == {"total": 8, "free": 8, "given": 0}
    assert "剩余 8 张" in run("coupons", "status").stdout


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("", "文件中没有券码"), ("1.5E+18\n", "科学计数法"), ("x" * 65 + "\n", "超过 64 位"), ('x,"20 元\n', "引号")],
)
def test_a_file_of_codes_that_cannot_be_used_changes_nothing(run: Run, tmp_path: Path, text: str, sentence: str):
    file = tmp_path / "codes.csv"
    file.write_text("good\n" * bool(text) + text, encoding="utf-8")
    assert sentence in run("coupons", "import", str(file), code=1).stderr
    assert _json(run("coupons", "status", "--json"))["total"] == 0
    assert "位数太少" in run("coupons", "generate", "1000000", "--length", "4", code=1).stderr


def test_an_incident_is_opened_shown_and_closed(run: Run):
    assert _json(run("incident", "show", "--json")) == {"incident": None}
    opened = _json(run("incident", "open", "--reason", "主系统宕机", "--json"))
    assert opened["drill"] is False
    assert f"已有进行中的应急事件 {opened['incident']}" in run("incident", "open", code=1).stderr
    shown = _json(run("incident", "show", "--json"))
    assert (shown["incident"], shown["state"], shown["reason"]) == (opened["incident"], "open", "主系统宕机")
    assert _json(run("incident", "close", "--json")) == {
        "incident": opened["incident"],
        "closed": True,
        "unfinished": 0,
    }
    assert _json(run("incident", "show", opened["incident"], "--json"))["state"] == "closed"
    assert "没有进行中的这个事件" in run("incident", "close", code=1).stderr
    assert "没有事件 E1" in run("incident", "show", "E1", code=1).stderr


def test_an_incident_with_unfinished_orders_is_closed_only_by_force(run: Run, take: Callable[..., list[str]]):
    take(*new_orders(2))
    assert "还有 2 笔订单没有最终结果" in run("incident", "close", code=1).stderr
    assert _json(run("incident", "close", "--force", "--json"))["unfinished"] == 2


def test_the_ledger_is_balanced_or_the_exit_code_says_so(run: Run, take: Callable[..., list[str]], boat: Lifeboat):
    take(*new_orders(3))
    document = _json(run("ledger", "--json"))
    assert list(document) == [
        "incident",
        "accepted",
        "imported",
        "duplicate",
        "rejected",
        "cancelled",
        "batched",
        "waiting",
        "held",
        "spooled",
        "balanced",
        "held_by",
    ]
    assert (document["accepted"], document["waiting"], document["balanced"]) == (3, 3, True)
    assert "台账平衡。" in run("ledger").stdout
    with boat.store.writing() as uow:
        uow.orders.hold([1, 2], kind=HeldKind.INCOMPLETE, looks_like=None, reason="")
    assert _json(run("ledger", "--json"))["held_by"] == {"incomplete": 2}
    assert "待人工确认 2：资料不全 2" in run("ledger").stdout
    with boat.engines.writer.begin() as connection:
        connection.exec_driver_sql("DELETE FROM orders WHERE idempotency_key = 'K1'")
    assert _json(run("ledger", "--json", code=1))["balanced"] is False
    assert "台账不平：相差 1。" in run("ledger", code=1).stdout
    assert "没有事件 E9" in run("ledger", "--incident", "E9", code=1).stderr


def test_an_order_is_shown_cancelled_and_then_no_more_to_be_changed(run: Run, take: Callable[..., list[str]]):
    (number,) = take(new_order("A"))
    shown = _json(run("orders", "show", number.lower(), "--json"))
    assert (shown["order_number"], shown["status"], shown["priority"], shown["total"]) == (
        number,
        "accepted",
        "high",
        "599.00",
    )
    run("orders", "cancel", number, "--reason", "不要了")
    assert _json(run("orders", "show", number, "--json"))["status"] == "cancelled"
    assert "已取消：不要了" in run("orders", "show", number).stdout
    assert "不能执行此操作" in run("orders", "reject", number, "--reason", "x", code=1).stderr
    assert "没有订单" in run("orders", "show", "LB1", code=1).stderr


def test_held_orders_are_listed_released_and_closed_all_or_none(
    run: Run, take: Callable[..., list[str]], boat: Lifeboat
):
    numbers = take(*new_orders(3))
    (first,) = take(new_order("FIRST"))
    with boat.store.writing() as uow:
        uow.orders.hold([1, 2, 3], kind=HeldKind.LOOK_ALIKE, looks_like=first, reason="相似")
    assert {order["order_number"] for order in _json(run("held", "list", "--json"))} == set(numbers)
    run("held", "release", numbers[0], "LB404", code=1)
    assert len(_json(run("held", "list", "--json"))) == 3  # one transaction: nothing was released
    run("held", "release", numbers[0])
    run("held", "mark-duplicate", numbers[1])
    assert [order["order_number"] for order in _json(run("held", "list", "--json"))] == [numbers[2]]


def test_dead_letters_are_listed_and_queued_again(run: Run, take: Callable[..., list[str]], boat: Lifeboat):
    from app.notify.compose import Composer  # noqa: PLC0415 - only here

    take(new_order("A"))
    Composer(boat.store, KEYS, a_policy(), boat.clock).run_once()
    with boat.store.writing() as uow:
        uow.messages.finish(
            1, MessageState.DEAD, from_states=(MessageState.PENDING,), now=boat.clock.now(), reason="wecom:40058"
        )
    (dead,) = _json(run("messages", "list", "--json"))
    assert (dead["id"], dead["kind"], dead["attempts"], dead["reason"]) == (1, "order_wecom", 0, "wecom:40058")
    assert "请给出消息编号" in run("messages", "retry", code=1).stderr
    run("messages", "retry", "--all")
    assert _json(run("messages", "list", "--json")) == []
    assert {message["attempts"] for message in _json(run("messages", "list", "--state", "pending", "--json"))} == {0}
    assert "没有这样的消息。" in run("messages", "list").stdout


def test_the_doctor_finds_a_new_deployment_healthy_and_says_what_is_only_simulated(run: Run):
    document = _json(run("doctor", "--json"))
    assert document["healthy"] is True
    checks = {check["name"]: check["status"] for check in document["checks"]}
    assert (checks["schema"], checks["ledger"], checks["wecom"], checks["sms"]) == ("ok", "ok", "warn", "warn")
    assert (checks["coupons"], checks["dead_letters"]) == ("warn", "ok")
    assert "短信为模拟发送" in run("doctor").stdout


def test_the_doctor_names_each_record_that_waits_for_a_person(run: Run, boat: Lifeboat):
    boat.settings.spool_dir.mkdir()
    with closing(Spool(boat.settings.spool_dir / "spool-1.db", max_bytes=10**7)) as spool:
        spool.write([new_order("A")], [boat.clock.now()])
        (record,) = spool.oldest(9)
        spool.quarantine(record, reason="矛盾", now=boat.clock.now())
    checks = _json(run("doctor", "--json", code=1))["checks"]
    assert [check["status"] for check in checks if check["name"] == "set_aside"] == ["fail"]
    assert new_order("A").number in str(checks)


def test_the_doctor_names_the_robots_of_each_kind(run: Run, monkeypatch: pytest.MonkeyPatch):
    def robots() -> dict[str, tuple[str, str]]:
        checks = _json(run("doctor", "--json"))["checks"]
        kinds = [kind.name for kind in GROUPS]
        return {check["name"]: (check["status"], check["detail"]) for check in checks if check["name"] in kinds}

    assert robots()["feishu"] == ("warn", "未配置飞书机器人：群消息只记录、不发送")
    assert {status for status, _ in robots().values()} == {"warn"}
    monkeypatch.setenv("LIFEBOAT_DINGTALK_ROBOTS", "https://oapi.dingtalk.com/robot/send?access_token=t#SECret")
    assert robots() == {
        "wecom": ("ok", "未使用企业微信机器人"),
        "feishu": ("ok", "未使用飞书机器人"),
        "dingtalk": ("ok", "钉钉机器人 1 个"),
    }
    assert "SECret" not in run("doctor").stdout


def test_the_doctor_does_not_wait_for_a_commit_that_hangs(boat: Lifeboat):
    """P5: without the standby it must wait for, PostgreSQL never ends a commit; the doctor has to say why, not to hang."""
    with boat.engines.writer.connect() as connection, connection.begin():  # holds the lock that a commit needs
        findings = {finding.name: finding for finding in checkup.findings_of_store(boat, commits_within=0.05)}
    assert findings["commit"].status == "fail"
    assert "暂存" in findings["commit"].detail


def test_the_doctor_fails_where_the_ledger_does(run: Run, take: Callable[..., list[str]], boat: Lifeboat):
    take(*new_orders(2))
    with boat.engines.writer.begin() as connection:
        connection.exec_driver_sql("DELETE FROM orders")
    assert _json(run("doctor", "--json", code=1))["healthy"] is False


def test_migrating_an_up_to_date_database_changes_nothing(run: Run):
    assert "数据库结构已是最新。" in run("migrate").stdout


def test_a_profile_is_tried_on_a_sample(run: Run, tmp_path: Path):
    toml, sample = str(EXAMPLES / "nested-json-fen.toml"), EXAMPLES / "nested-json-fen.sample.json"
    found = _json(run("profile", "check", toml, str(sample), "--json"))
    assert (found["problem"], found["key"], found["answer"]["status"]) == (None, "TM20261122-000187", 200)
    broken = tmp_path / "broken.json"
    broken.write_text("{}", encoding="utf-8")
    assert _json(run("profile", "check", toml, str(broken), "--json", code=1))["problem"]["code"] == "invalid_order"
    assert "样例会成为这样的订单" in run("profile", "check", toml, str(sample)).stdout
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("name = 1", encoding="utf-8")
    assert run("profile", "check", str(wrong), str(sample), code=1).stderr


# ---- what stops a command


def test_a_wrong_setting_stops_the_command_with_the_sentence_that_names_it(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LIFEBOAT_PORT", "http")
    result = run("ledger", code=2)
    assert result.stderr == "配置有误，未启动：\nLIFEBOAT_PORT: 须为整数\n"


def test_a_setting_that_does_nothing_is_pointed_out(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LIFEBOAT_DATABSE_URL", "x")
    result = run("ledger", "--json")
    assert "LIFEBOAT_DATABSE_URL 不起作用，是否应为 LIFEBOAT_DATABASE_URL？" in result.stderr
    assert _json(result)["balanced"] is True


def test_foreign_secrets_stop_the_command_before_it_writes_anything(run: Run, monkeypatch: pytest.MonkeyPatch):
    """P2, P4: another secret would give other numbers to the same keys."""
    run("migrate")
    monkeypatch.setenv("LIFEBOAT_SECRET_KEY", "x" * 32)
    assert "LIFEBOAT_SECRET_KEY 与数据库不符" in run("clients", "add", "tmall", code=2).stderr
    monkeypatch.setenv("LIFEBOAT_SECRET_KEY", SECRETS["secret_key"])
    assert _json(run("clients", "list", "--json")) == []


def test_a_database_that_is_away_is_a_sentence_and_not_a_traceback(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("LIFEBOAT_DATABASE_URL", f"postgresql+psycopg://u:pa55word@/x?host={tmp_path}/nowhere")
    result = run("ledger", code=1)
    assert "数据库不可用：OperationalError。服务仍可受理订单" in result.stderr
    assert "pa55word" not in result.stderr


def test_secrets_of_ones_own_are_made_once_and_kept_private(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv("LIFEBOAT_SECRET_KEY")
    monkeypatch.delenv("LIFEBOAT_SEAL_KEY")
    run("migrate")
    secrets = tmp_path / "data" / "secrets"
    kept = {path.name: path.read_text(encoding="ascii") for path in secrets.iterdir()}
    assert set(kept) == {"secret_key", "seal_key"}
    assert {path.stat().st_mode & 0o777 for path in secrets.iterdir()} == {0o600}
    assert len(set(kept.values())) == 2
    run("migrate")
    assert {path.name: path.read_text(encoding="ascii") for path in secrets.iterdir()} == kept


def test_an_export_says_how_many_orders_are_not_known_to_be_paid(run: Run, take: Callable[..., list[str]]):
    take(new_order("A", phone="13800000001"), new_order("B", phone="13800000002", payment={"status": "unpaid"}))
    assert "其中未付款 1 笔，付款状态未知 1 笔，发货前请核对。" in run("export").stdout
    take(new_order("C", phone="13800000003", payment={"status": "paid"}))
    assert "其中" not in run("export").stdout

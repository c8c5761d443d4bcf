"""Measures a comparison of as many orders as rows: ``python -m benchmarks.compare [ORDERS]``.

An incident of so many paid orders is made in a database of its own, and compared with a list and a statement of as
many rows each, a tenth of the size first: the ratio of the times an order says whether the cost grows with the number
alone, and the peak of memory beside it what a ten times longer list costs there.
"""

import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import text

from app.bootstrap import Lifeboat, open_lifeboat
from app.domain.actor import Actor, Way
from app.domain.caller import Caller
from app.intake.accept import Intake
from app.intake.schemas import check_order
from app.reconcile.compare.lay import WitnessFile
from app.reconcile.compare.run import CompareRequest, compare
from app.settings import load
from app.store.tables import Client, ClientKey

ZONE = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
BY = Actor("bench", Way.CLI)
SHOP = Caller(client_id="c1", name="bench", scope="intake", drill=False)
AT_ONCE = 1000


@dataclass(frozen=True)
class Round:
    """One comparison: how many orders, the seconds of a processor, the megabytes of this process at most."""

    orders: int
    seconds: float
    megabytes: float
    balances: bool


def main() -> None:
    """Compare a tenth of the orders, then all of them, and print both and their ratios."""
    if sys.argv[1:2] == ["--alone"]:
        print(json.dumps(asdict(measured(int(sys.argv[2])))))
        return
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    small, large = (_apart(count) for count in (orders // 10, orders))
    print("| orders | rows of the list | rows of the statement | processor s | µs an order | MB at most | all agree |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for one in (small, large):
        each = one.seconds / one.orders * 1e6
        row = (f"{one.orders:,}",) * 3
        print(f"| {' | '.join(row)} | {one.seconds:.1f} | {each:.0f} | {one.megabytes:.0f} | {one.balances} |")
    times = large.seconds / large.orders / (small.seconds / small.orders)
    print(f"\nµs an order, ten times as many: × {times:.2f}; memory: × {large.megabytes / small.megabytes:.2f}")


def _apart(orders: int) -> Round:
    """Measure in a process of its own: what one round has taken is not given back for the next."""
    command = [sys.executable, "-m", "benchmarks.compare", "--alone", str(orders)]
    return Round(**json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))


def measured(orders: int) -> Round:
    """Make an incident of so many orders, and compare it."""
    with tempfile.TemporaryDirectory() as folder:
        secrets = {"secret_key": "s" * 32, "seal_key": "t" * 32}
        settings = load(_env_file=None, data_dir=Path(folder), export_dir=Path(folder) / "exports", **secrets)
        with closing(open_lifeboat(settings)) as boat:
            boat.prepare_store()
            numbers = list(_taken(boat, orders))
            incident = _all_imported(boat)
            main_list = WitnessFile("list.csv", _list(numbers))
            statement = WitnessFile("bill.csv", _statement(numbers))
            Path("/proc/self/clear_refs").write_text("5")  # forget what making the orders took at most
            begun = _processor_seconds()
            asked = CompareRequest(incident=incident, main=[main_list], money=[statement])
            found = compare(
                boat.store, boat.keyring, asked, folder=Path(folder), by=BY, now=datetime.now(UTC), zone=ZONE
            )
            with found:
                seconds = _processor_seconds() - begun
                peak = int(re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[0]) / 1024
                return Round(orders, seconds, peak, found.balances)


def _processor_seconds() -> float:
    """Return the processor time of this process and of the readers it has waited for: others use the machine, too."""
    readers = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + readers.ru_utime + readers.ru_stime


def _taken(boat: Lifeboat, orders: int) -> Iterator[str]:
    with boat.store.writing() as uow:
        key = ClientKey(id="k1", client_id="c1", secret_sha256=b"x" * 32, created_at=AT)
        uow.access.add_client(Client(id="c1", name="bench", scope="intake", created_at=AT), key)
    intake = Intake(boat.keyring, None, prefix="LB", high_above_fen=50_000)  # type: ignore[arg-type]
    writer = boat.writer()
    for start in range(0, orders, AT_ONCE):
        some = [
            intake.prepare(check_order(_body(n)), SHOP, idempotency_key=f"k{n}")
            for n in range(start, min(start + AT_ONCE, orders))
        ]
        writer.write(some, [AT + timedelta(seconds=start / AT_ONCE)] * len(some))
        yield from (one.number for one in some)


def _body(n: int) -> dict[str, object]:
    return {
        "client_order_id": f"S{n}",
        "phone": f"13{n:09d}",
        "items": [{"sku": f"A-{n % 50}", "quantity": 1, "unit_price": "100.00"}],
        "total": "100.00",
        "payment": {"status": "paid", "transaction_id": f"4200{n + 1:024d}", "paid_at": AT.isoformat()},
    }


def _all_imported(boat: Lifeboat) -> str:
    with boat.engines.writer.begin() as connection:
        connection.execute(text("UPDATE orders SET state = 'imported', composed_at = received_at"))
        return str(connection.execute(text("SELECT name FROM incident")).scalar_one())


def _list(numbers: list[str]) -> bytes:
    heads = "内部订单号,线上订单号,状态,应付金额,商品编码,数量,手机,付款日期,收货人姓名,地址"
    rows = (
        f"{n + 10**6},{number},已发货,100.00,A-{n % 50},1,13{n:09d},2026-11-22 10:00:00,张三,文三路 {n} 号"
        for n, number in reversed(list(enumerate(numbers)))
    )
    return "\n".join((heads, *rows)).encode("gb18030")


def _statement(numbers: list[str]) -> bytes:
    heads = "交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,微信退款单号,商品名称,订单金额,申请退款金额"
    rows = (
        f"`2026-11-22 10:00:00,`wx,`190,`4200{n + 1:024d},`{number},`SUCCESS,`0,`跑鞋,蓝,`100.00,`0.00"
        for n, number in enumerate(numbers)
    )
    end = ("总交易单数,订单总金额", f"`{len(numbers)},`{len(numbers) * 100}.00")
    return "\r\n".join((heads, *rows, *end)).encode()


if __name__ == "__main__":
    main()

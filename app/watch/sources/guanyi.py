"""管易: orders and deliveries by their changes; what is cancelled or void is hidden there unless it is asked for.

Pages count from 1. Its limits are not public and whether ``del`` means "also" or "only" neither, so that everything is
off until a page was read, and deliveries are read both ways.
"""

from datetime import timedelta

from app.domain.foreign_values import BEIJING, wall_text, whole_of
from app.main_system.vendors import guanyi as api
from app.outbound.api_call import ApiCall
from app.watch.sources.map_file import shipped_maps
from app.watch.sources.read_back import SourcePage
from app.watch.sources.reading import CallRequest, SourceKind, SourceReading, objects_in
from app.watch.sources.trouble import SourceTrouble, refused, unlike

TRADES = "gy.erp.trade.get"
DELIVERIES = "gy.erp.trade.deliverys.get"
METHODS = frozenset({TRADES, DELIVERIES})
"""Nothing else is ever called."""


def write_call(request: CallRequest) -> ApiCall:
    """Return the call for a page of a window."""
    trades = request.reading.events == "trades"
    method = TRADES if trades else DELIVERIES
    if method not in METHODS:
        raise SourceTrouble("our_call", method)
    names = ("start_date", "end_date") if trades else ("start_modify_date", "end_modify_date")
    times = (wall_text(request.window.since, BEIJING), wall_text(request.window.until, BEIJING))
    asked = {
        **dict(zip(names, times, strict=True)),
        "page_no": request.page,
        "page_size": request.reading.size,
        **request.reading.fixed,
    }
    return api.signed_call(method, asked, address=request.address, access=request.access)


def judge_answer(reading: SourceReading, said: object) -> SourcePage:
    """Return a page, or raise what was refused."""
    if not isinstance(said, dict) or "success" not in said:
        raise unlike("success")
    if said["success"] is not True:
        raise refused(api.refusal_of(said))
    name = "orders" if reading.events == "trades" else "deliverys"
    rows, total = objects_in(said.get(name)), whole_of(said.get("total"))
    if rows is None or total is None:
        raise unlike(name if rows is None else "total")
    return SourcePage(rows, total)


KIND = SourceKind(
    name="guanyi",
    title="管易",
    address=api.ADDRESS,
    hosts=api.HOSTS,
    plain=("appkey",),
    secrets=("sessionkey", "secret"),
    key="appkey",
    per_minute=20,
    span=timedelta(hours=2),
    readings=(
        SourceReading(
            name="trades",
            events="trades",
            first=1,
            size=100,
            untried=True,
            fixed={"date_type": 3, "has_cancel_data": True},
        ),
        SourceReading(name="deliveries", events="deliveries", first=1, size=100, untried=True, fixed={"del": 0}),
        SourceReading(name="void_deliveries", events="deliveries", first=1, size=100, untried=True, fixed={"del": 1}),
    ),
    maps=lambda: shipped_maps("guanyi"),
    write=write_call,
    judge=judge_answer,
)

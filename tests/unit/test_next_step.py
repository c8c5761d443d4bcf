"""Your next step: one card by what is to be done and by what this person may do, as a table."""

from collections.abc import Callable

import pytest

from app.store.tables import Batch
from app.web.console.next_step import Circumstances, next_step


def _batch(name: str) -> Batch:
    return Batch(name=name, orders=12)


EVERYTHING = {
    "taking_orders": True,
    "untaken": (_batch("B-4"), _batch("B-3")),
    "unanswered": (_batch("B-1"), _batch("B-2")),
    "held": 3,
    "urgent": 5,
    "failed": 2,
}


def _who_may(*routes: str) -> Callable[[str], bool]:
    return lambda route: route in routes


OPERATOR = _who_may("batches", "batch-file", "order-decide", "messages", "orders")
IT = _who_may("batches", "batch-file", "order-decide", "messages", "orders", "results-preview", "keys")
SERVICE = _who_may("batches", "messages", "orders")
NOBODY = _who_may()


@pytest.mark.parametrize(
    ("now", "may", "title", "path"),
    [
        (EVERYTHING, OPERATOR, "下载 B-4", "/batches/B-4"),
        ({**EVERYTHING, "overdue": True}, OPERATOR, "批次逾期，请找 IT", "/batches"),
        ({**EVERYTHING, "untaken": ()}, OPERATOR, "处理 3 笔待人工确认", "/held"),
        ({**EVERYTHING, "untaken": (), "held": 0}, OPERATOR, "2 条消息发送失败", "/messages?state=dead"),
        ({**EVERYTHING, "untaken": (), "held": 0}, IT, "上传 B-1 的结果", "/batches/B-1/results"),
        (EVERYTHING, SERVICE, "2 条消息发送失败", "/messages?state=dead"),
        ({**EVERYTHING, "failed": 0}, SERVICE, "认领 5 笔高优订单", "/orders/urgent"),
        (EVERYTHING, NOBODY, "眼下没有要您处理的事", ""),
        ({"taking_orders": True}, IT, "眼下没有要您处理的事", ""),
        ({"taking_orders": False}, IT, "发放第一把店铺密钥", "/keys"),
        ({"taking_orders": False, "clients": 1}, IT, "一切就绪，等待启用", ""),
        ({"taking_orders": False}, OPERATOR, "还没有店铺密钥", ""),
    ],
)
def test_the_first_thing_a_person_may_do(now: dict[str, object], may: Callable[[str], bool], title: str, path: str):
    step = next_step(Circumstances(**now), may)
    assert (step.title, step.path) == (title, path)
    assert step.why


def test_a_step_says_how_many_more_there_are():
    assert "共 2 份" in next_step(Circumstances(**EVERYTHING), OPERATOR).why

"""What can go wrong for somebody who asks us: one tree, each leaf with a stable code and a Chinese sentence.

Problem
├── Malformed            malformed               the body is not what its media type says
├── BadIdempotencyKey    bad_idempotency_key     the Idempotency-Key has not the published form
├── Unauthenticated      unauthenticated         no key, or none we know
├── Forbidden            forbidden               a known key without the scope
├── NotFound             not_found               no such thing, or not yours
├── NotAllowed           method_not_allowed      the address is right, the method is not
├── NotInThisState       conflict                the thing is in a state that does not allow it
├── ConfirmationRequired confirmation_required   nothing has changed, until a number is sent back
├── TooSlow              request_timeout         the body did not arrive in time
├── TooLarge             body_too_large          more bytes than we read
├── UnsupportedMedia     unsupported_media_type  not a content type this door reads
├── InvalidOrder         invalid_order           fields are wrong; ``errors`` point at each
├── InvalidResults       invalid_results         an upload of import results cannot be read
├── IdempotencyConflict  idempotency_conflict    the same key came before with another body
├── ChangeConflict       change_conflict         the order was changed so before, and told something else
├── TooMany              too_many_requests       this caller should wait
├── QuotaExceeded        quota_exceeded          this client has sent its share of a minute
├── NoRoom               no_room                 the disk has no more than what is kept for orders
├── Busy                 busy                    more orders wait than the queue may hold
├── StoreAway            store_away              the order may be here, and cannot be looked at now
├── IntakeClosed         intake_unavailable      neither the store nor the spool can take an order
└── InternalError        internal_error          a mistake of ours
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field: a JSON pointer (RFC 6901), a stable code, a Chinese sentence."""

    pointer: str
    code: str
    detail: str


class Refusal(Exception):
    """Somebody asked for what cannot be done as things are; the message is a Chinese sentence for that person."""


class Problem(Exception):
    """The root. ``detail`` is for a person, ``code`` for a machine, ``retry_after`` in seconds where waiting helps."""

    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "内部错误"
    sentence: ClassVar[str] = "服务内部出错，请用同一幂等键重试。"
    retry_after: int | None = None

    def __init__(self, detail: str | None = None, *, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail or self.sentence)
        self.detail = detail or self.sentence
        self.errors = tuple(errors)


class Malformed(Problem):
    """The body is not what its media type says."""

    code, title, sentence = "malformed", "请求体无法解析", "请求体不是有效的 JSON。"


class BadIdempotencyKey(Problem):
    """The Idempotency-Key has not the published form."""

    code, title = "bad_idempotency_key", "幂等键格式错误"
    sentence = "Idempotency-Key 须为 1–128 位，仅含 A-Z a-z 0-9 _ . : -，可带一对双引号。"


class Unauthenticated(Problem):
    """No key, or none we know."""

    code, title, sentence = (
        "unauthenticated",
        "未通过认证",
        "缺少渠道密钥或密钥无效，请使用 Authorization: Bearer lbk_…。",
    )


class Forbidden(Problem):
    """A known key without the scope."""

    code, title, sentence = "forbidden", "没有权限", "该密钥没有执行此操作的权限。"


class NotFound(Problem):
    """No such thing, or not yours."""

    code, title, sentence = "not_found", "未找到", "没有找到所请求的内容。"


class NotAllowed(Problem):
    """The address is right, the method is not."""

    code, title, sentence = "method_not_allowed", "方法不允许", "该地址不支持此请求方法。"


class NotInThisState(Problem):
    """The thing is in a state that does not allow it."""

    code, title, sentence = "conflict", "状态冲突", "当前状态不允许此操作。"


class ConfirmationRequired(Problem):
    """So many orders would change; nothing has, until their number is sent back."""

    code, title, sentence = "confirmation_required", "需要确认", "其余订单是否视为已导入，需要先确认数目。"

    def __init__(self, detail: str | None = None, *, would_import: int | None = None) -> None:
        super().__init__(detail)
        self.would_import = would_import


class TooSlow(Problem):
    """The body did not arrive in time."""

    code, title, sentence = "request_timeout", "请求超时", "请求体未能及时送达，请用同一幂等键重试。"


class TooLarge(Problem):
    """More bytes than we read."""

    code, title, sentence = "body_too_large", "请求体过大", "请求体超过上限。"


class UnsupportedMedia(Problem):
    """Not a content type this door reads."""

    code, title, sentence = "unsupported_media_type", "不支持的内容类型", "请使用 Content-Type: application/json。"


class InvalidOrder(Problem):
    """Fields are wrong."""

    code, title, sentence = "invalid_order", "订单内容有误", "订单内容有误，请按 errors 逐项修改。"


class InvalidResults(Problem):
    """An upload of import results cannot be read."""

    code, title, sentence = "invalid_results", "导入结果无法读取", "导入结果文件有误，请按 errors 逐项修改。"


class IdempotencyConflict(Problem):
    """The same key came before with another body."""

    code, title = "idempotency_conflict", "幂等键冲突"
    sentence = "同一幂等键此前已用于另一份订单内容；请勿原样重试。"


class ChangeConflict(Problem):
    """The order was changed so before, and told something else."""

    code, title = "change_conflict", "变更冲突"
    sentence = "这笔订单此前已受理过同类变更，内容与这次不同；请勿原样重试，请查询订单核对。"


class TooMany(Problem):
    """This caller should wait."""

    code, title, sentence = "too_many_requests", "请求过于频繁", "请求过于频繁，请稍后再试。"
    retry_after = 5


class QuotaExceeded(Problem):
    """This client has sent its share of a minute."""

    code, title = "quota_exceeded", "超出渠道限额"
    sentence = "该渠道每分钟的订单数或数据量已达上限，请按 Retry-After 稍后用同一幂等键重试。"
    retry_after = 60

    def __init__(self, detail: str | None = None, *, retry_after: int = 60) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class NoRoom(Problem):
    """The disk has no more than what is kept for orders; everything else waits."""

    code, title = "no_room", "磁盘空间不足"
    sentence = "磁盘剩余空间已低于为订单保留的量，请清理或扩容后再试。"


class Busy(Problem):
    """More orders wait than the queue may hold."""

    code, title, sentence = "busy", "系统繁忙", "当前订单过多，请稍后用同一幂等键重试。"
    retry_after = 1


class IntakeClosed(Problem):
    """Neither the store nor the spool can take an order."""

    code, title, sentence = "intake_unavailable", "暂时无法受理", "暂时无法受理订单，请稍后用同一幂等键重试。"
    retry_after = 5


class StoreAway(Problem):
    """The order may be here, and cannot be looked at now."""

    code, title = "store_away", "暂时无法查询"
    sentence = "订单可能已受理并暂存在本机，数据库恢复后即可查询；请稍后重试，勿当作没有受理。"
    retry_after = 5


class InternalError(Problem):
    """A mistake of ours."""

    retry_after = 1

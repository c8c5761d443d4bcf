"""Why a channel takes nothing, in Chinese words for whoever has to mend it; only data.

A reason is ``provider:code``. What stands nowhere here is named by its code alone, and never guessed at.
"""

import re
from collections.abc import Mapping

from app.channels.kinds import KINDS

PROVIDERS: Mapping[str, str] = {"aliyun": "阿里云短信", "tencent": "腾讯云短信", "sms": "短信"} | {
    name: kind.label for name, kind in KINDS.items() if name != "sms"
}

BY_CODE: Mapping[str, str] = {
    # Aliyun
    "aliyun:isv.AMOUNT_NOT_ENOUGH": "账户余额不足，请充值",
    "aliyun:isv.OUT_OF_SERVICE": "账户已停机，请充值",
    "aliyun:isv.DAY_LIMIT_CONTROL": "达到控制台里设的日发送限额",
    "aliyun:isv.MONTH_LIMIT_CONTROL": "达到控制台里设的月发送限额",
    "aliyun:isp.RAM_PERMISSION_DENY": "密钥没有发短信的权限",
    "aliyun:Forbidden.RAM": "密钥没有发短信的权限",
    "aliyun:isv.ACCOUNT_NOT_EXISTS": "账户不存在",
    "aliyun:isv.ACCOUNT_ABNORMAL": "账户异常",
    "aliyun:isv.PRODUCT_UN_SUBSCRIPT": "没有开通短信服务",
    "aliyun:isv.PRODUCT_UNSUBSCRIBE": "没有开通短信服务",
    "aliyun:isv.SECURITY_FROZEN_ACCOUNT": "账户因安全原因被冻结",
    "aliyun:isv.DENY_IP_RANGE": "本机的出口地址不被允许",
    "aliyun:isv.TEMPLATE_MISSING_PARAMETERS": "模板的变量与设置的不一致",
    "aliyun:isv.SMS_TEMPLATE_ILLEGAL": "短信模板不存在或未通过审核",
    "aliyun:isv.SMS_SIGNATURE_ILLEGAL": "短信签名不存在或未通过审核",
    "aliyun:isv.SMS_SIGN_ILLEGAL": "短信签名不存在或未通过审核",
    "aliyun:isv.SIGN_STATE_ILLEGAL": "短信签名不存在或未通过审核",
    "aliyun:isv.SMS_SIGNATURE_SCENE_ILLEGAL": "短信签名不能用于这类模板",
    "aliyun:isv.EXTEND_CODE_ERROR": "扩展码有误",
    "aliyun:isv.DOMESTIC_NUMBER_NOT_SUPPORTED": "所用的模板不能发到内地号码",
    "aliyun:isv.SMS_TEST_SIGN_TEMPLATE_LIMIT": "测试签名与模板不配套",
    "aliyun:SignatureDoesNotMatch": "AccessKey Secret 不对",
    "aliyun:InvalidAccessKeyId.NotFound": "AccessKey 不存在",
    "aliyun:InvalidAccessKeyId.Inactive": "AccessKey 已停用",
    "aliyun:InvalidTimeStamp.Expired": "本机的时钟不准",
    "aliyun:isv.BUSINESS_LIMIT_CONTROL": "接连多个号码被限制频率",
    # Tencent
    "tencent:LimitExceeded.AppDailyLimit": "达到应用的日发送限额",
    "tencent:LimitExceeded.AppMainlandChinaDailyLimit": "达到应用的日发送限额",
    "tencent:LimitExceeded.DailyLimit": "达到日发送限额",
    "tencent:FailedOperation.InsufficientBalanceInSmsPackage": "套餐包余额不足，请充值",
    "tencent:UnauthorizedOperation.ServiceSuspendDueToArrears": "账户欠费停服",
    "tencent:UnauthorizedOperation.RequestIpNotInWhitelist": "本机的出口地址不在白名单里",
    "tencent:UnauthorizedOperation.SdkAppIdIsDisabled": "短信应用已停用",
    "tencent:UnauthorizedOperation": "账户没有发短信的权限",
    "tencent:FailedOperation.TemplateParamSetNotMatchApprovedTemplate": "模板的变量与设置的不一致",
    "tencent:FailedOperation.TemplateIncorrectOrUnapproved": "短信模板不存在或未通过审核",
    "tencent:FailedOperation.TemplateUnapprovedOrNotExist": "短信模板不存在或未通过审核",
    "tencent:FailedOperation.SignatureIncorrectOrUnapproved": "短信签名不存在或未通过审核",
    "tencent:FailedOperation.MissingSignature": "没有短信签名",
    "tencent:InvalidParameterValue.SdkAppIdNotExist": "短信应用不存在",
    "tencent:InvalidParameterValue.UnsupportedTemplateVariable": "这个账户的模板不能带变量",
    "tencent:InternalError.RequestTimeException": "本机的时钟不准",
    "tencent:AuthFailure.SignatureExpire": "本机的时钟不准",
    "tencent:AuthFailure": "密钥不对或已停用",
    "tencent:UnsupportedOperation": "地域或模板不支持",
    "sms:template_missing": "没有设置这类短信的模板",
    # robots
    "wecom:93000": "机器人地址失效（已删除或被移出群）",
    "wecom:93004": "机器人被管理员停用",
    "wecom:93008": "机器人不在群里",
    "wecom:60020": "本机的出口地址不被允许",
    "wecom:45009": "发得太快，被限流",
    "feishu:19001": "机器人地址失效（已删除或被移出群）",
    "feishu:19021": "签名密钥不对",
    "feishu:19022": "本机的出口地址不在白名单里",
    "feishu:19024": "消息里没有机器人要求的关键词，请用【订单救生艇】",
    "feishu:11232": "发得太快，被限流",
    "dingtalk:90030": "本月的调用次数已用完",
    "dingtalk:310000:keyword": "消息里没有机器人要求的关键词，请用【订单救生艇】",
    "dingtalk:310000:sign": "加签密钥不对",
    "dingtalk:310000:timestamp": "本机的时钟不准",
    "dingtalk:310000:clock": "本机的时钟不准",
    "dingtalk:310000:ip": "本机的出口地址不在白名单里",
    "dingtalk:300001": "机器人地址失效",
    "dingtalk:300005": "机器人地址失效",
    "dingtalk:400101": "机器人地址失效",
    "dingtalk:400013": "群已解散",
    "dingtalk:400102": "机器人已停用",
    "dingtalk:400106": "机器人不在群里",
    "dingtalk:130101": "发得太快，被限流",
    "dingtalk:410100": "发得太快，被限流",
    "dingtalk:660026": "发得太快，被限流",
    "dingtalk:punish": "本机调用太频繁，被限流",
    # e-mail
    "email:535": "邮箱的用户名或密码不对",
    "email:bad_sender": "发件人地址不对",
    "email:not_supported": "邮件服务器不支持所用的登录方式",
}

OF_ANY: Mapping[str, str] = {
    "connect": "连不上{who}",
    "timeout": "{who}没有应答",
    "reset": "与{who}的连接被断开",
    "tls": "{who}的证书不可信",
    "malformed": "{who}的应答看不懂",
    "unreadable": "{who}的应答看不懂",
    "clock": "本机的时钟不准",
    "bad_url": "地址写错了",
}


OF_OURSELVES: Mapping[str, str] = {
    "sender_died": "发送进程中断，结果不明",
    "clock_set_back": "本机时钟被调回",
    "sms:number_waits": "该号码暂时受限",
    "sms:no_phone": "订单里读不出手机号",
    "sms:unknown": "结果未知",
    "sms:unverified": "此人没有验证过的手机号，或账号已停用",
    "email:unverified": "此人没有验证过的邮箱，或账号已停用",
    "sms:code_over": "验证码已作废",
    "email:code_over": "验证码已作废",
    "email:nobody": "没有设置告警邮箱",
    "email:not_an_alert": "邮件只用来发告警",
}
"""Why we put a message off or give it up ourselves."""

_COUNTED = re.compile(
    r"(?P<reason>\S+?)(?: \((?:(?P<tries>\d+) attempts|asked (?P<asked>\d+) times)\)|"
    r": outcome unknown, provider asked (?P<unknown>\d+) times)"
)
"""As messages are given up (``domain/retry.py``)."""


def in_words(reason: str) -> str:
    """Return a reason in Chinese, followed by its code."""
    return f"{without_code(reason)}（{reason}）"


def without_code(reason: str) -> str:
    """Return a reason in Chinese alone; a sentence stays what it is, and how often something was tried is told."""
    if counted := _COUNTED.fullmatch(reason):
        words = without_code(counted["reason"])
        if counted["tries"]:
            return f"{words}，试了 {counted['tries']} 次"
        asked = f"向服务商查询 {counted['asked'] or counted['unknown']} 次"
        return f"{words}，{asked}" if counted["asked"] else f"{words}，{asked}仍无结果"
    first, comma, rest = reason.partition("：")
    if comma and _is_code(first):
        return f"{without_code(first)}；{rest}"
    return _of_code(reason) if _is_code(reason) else reason


def _is_code(text: str) -> bool:
    return text.isascii() and " " not in text and bool(text)


def _of_code(reason: str) -> str:
    if reason in OF_OURSELVES:
        return OF_OURSELVES[reason]
    who, _, code = reason.partition(":")
    provider = PROVIDERS.get(who, who)
    words = BY_CODE.get(reason) or BY_CODE.get(_without_last(reason, ":")) or BY_CODE.get(_without_last(reason, "."))
    if words is None and code in OF_ANY:
        words = OF_ANY[code].format(who=provider)
    if words is None and code.startswith("http_"):
        words = f"{provider}暂时不可用"
    return words or f"被{provider}拒绝"


def _without_last(reason: str, mark: str) -> str:
    return reason.rpartition(mark)[0] if reason.count(mark) else reason

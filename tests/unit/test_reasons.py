"""A provider's answer in words that somebody in a hurry can act upon."""

import pytest

from app.channels.reasons import in_words, without_code


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("wecom:connect", "连不上企业微信"),
        ("wecom:connect (10 attempts)", "连不上企业微信，试了 10 次"),
        ("wecom:93000", "机器人地址失效（已删除或被移出群）"),
        ("aliyun:timeout (asked 6 times)", "阿里云短信没有应答，向服务商查询 6 次"),
        ("sms:unknown: outcome unknown, provider asked 5 times", "结果未知，向服务商查询 5 次仍无结果"),
        ("tencent:AuthFailure.SecretIdNotFound", "密钥不对或已停用"),
        ("feishu:http_502", "飞书暂时不可用"),
        ("dingtalk:4711", "被钉钉拒绝"),
        ("sender_died", "发送进程中断，结果不明"),
        ("sms:number_waits：内容已经过时，不再发送", "该号码暂时受限；内容已经过时，不再发送"),
        ("一直没有机会发出：内容已经过时，不再发送", "一直没有机会发出：内容已经过时，不再发送"),
        ("消息内容不是一个 JSON 对象", "消息内容不是一个 JSON 对象"),
        ("", ""),
    ],
)
def test_a_reason_is_told_without_its_code(reason: str, said: str):
    assert without_code(reason) == said


def test_a_reason_for_whoever_mends_it_keeps_its_code():
    assert in_words("wecom:connect") == "连不上企业微信（wecom:connect）"

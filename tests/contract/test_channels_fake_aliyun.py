"""The fake Aliyun is worth something only if it is as strict as facts/ says the real one is."""

import hashlib
import json
from datetime import UTC, datetime

import httpx
import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers

from tests.fakes import aliyun_signature
from tests.fakes.aliyun import AliyunFake
from tests.fakes.aliyun_gate import Call, Gate

EMPTY = hashlib.sha256(b"").hexdigest()
SMS = (
    ("OutId", "msg-0001"),
    ("PhoneNumbers", "13800138000"),
    ("SignName", "测试商城"),
    ("TemplateCode", "SMS_154950909"),
    ("TemplateParam", '{"code":"AB12 *~+/"}'),
)
SMS_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()
SMS_HEADERS = {
    "host": "dysmsapi.aliyuncs.com",
    "x-acs-action": "SendSms",
    "x-acs-version": "2017-05-25",
    "x-acs-date": "2026-01-02T03:04:05Z",
    "x-acs-signature-nonce": "0123456789abcdef0123456789abcdef",
    "x-acs-content-sha256": EMPTY,
}
SMS_SIGNATURE = "b597dd2ed8332ffa75ad2b7ea92f53487130e5d5bef558a067a7ea9d006c5df6"


class TestAliyunSignature:
    def test_the_example_of_the_documentation(self):
        query = (
            ("ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"),
            ("RegionId", "cn-shanghai"),
        )
        headers = {
            "host": "ecs.cn-shanghai.aliyuncs.com",
            "x-acs-action": "RunInstances",
            "x-acs-version": "2014-05-26",
            "x-acs-date": "2023-10-26T10:22:32Z",
            "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
            "x-acs-content-sha256": EMPTY,
        }
        hashed, signature = _signed("YourAccessKeySecret", query, headers)
        assert hashed == "7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259"
        assert signature == "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"

    def test_a_text_message_in_the_query(self):
        hashed, signature = _signed("testsecret", SMS, SMS_HEADERS)
        assert hashed == "94cca9a1f77211c190d39264f1401de420e22c3905a69fedaba0db4d084c13ba"
        assert signature == SMS_SIGNATURE

    def test_a_text_message_as_a_form(self):
        body = aliyun_signature.canonical_query(SMS).encode()
        body_hash = hashlib.sha256(body).hexdigest()
        assert body_hash == "a87c84a3c16e168f67818432354408a9037de4c20341baa3c59c56e374566511"
        form = {"content-type": "application/x-www-form-urlencoded", "x-acs-content-sha256": body_hash}
        _, signature = _signed("testsecret", (), SMS_HEADERS | form)
        assert signature == "9ed313e6d5535def09b101c106b62d25d372ef0876d2e088f6a5be1c59078551"

    def test_the_old_way(self):
        parameters = {
            "AccessKeyId": "testId",
            "Action": "SendSms",
            "Version": "2017-05-25",
            "Format": "XML",
            "SignatureMethod": "HMAC-SHA1",
            "SignatureVersion": "1.0",
            "SignatureNonce": "45e25e9b-0a6f-4070-8c85-2956eda1b466",
            "Timestamp": "2017-07-12T02:42:19Z",
            "RegionId": "cn-hangzhou",
            "PhoneNumbers": "15300000001",
            "SignName": "阿里云短信测试专用",
            "TemplateParam": '{"customer":"test"}',
            "TemplateCode": "SMS_71390007",
            "OutId": "123",
        }
        signed = {**parameters, "Signature": "zJDF+Lrzhj/ThnlvIToysFRq6t4="}
        signature = aliyun_signature.rpc_signature("testSecret", "GET", signed.items())
        assert signature == signed["Signature"]
        gate = Gate({"testId": "testSecret"})
        at = datetime(2017, 7, 12, 2, 42, 19, tzinfo=UTC).timestamp()
        call = Call("GET", tuple(signed.items()), Headers({}), b"")
        assert gate.denies(call, at) is None
        assert _code(gate.denies(call, at)) == "SignatureNonceUsed"
        forged = Call("GET", (*tuple(parameters.items()), ("Signature", "forged")), Headers({}), b"")
        assert _code(gate.denies(forged, at)) == "SignatureDoesNotMatch"
        stranger = Call("GET", (("Signature", "forged"),), Headers({}), b"")
        assert _code(gate.denies(stranger, at)) == "InvalidAccessKeyId.NotFound"


class TestAliyunGate:
    @pytest.fixture
    def gate(self) -> Gate:
        return Gate({"testid": "testsecret"})

    def test_a_signed_call_passes_once(self, gate: Gate):
        assert gate.denies(_call(), SMS_AT) is None
        assert _code(gate.denies(_call(), SMS_AT)) == "SignatureNonceUsed"

    @pytest.mark.parametrize(
        ("call", "code"),
        [
            ({"key": "stranger"}, "InvalidAccessKeyId.NotFound"),
            ({"signature": "0" * 64}, "SignatureDoesNotMatch"),
            ({"body": b"another"}, "SignatureDoesNotMatch"),
            ({"query": SMS[1:]}, "SignatureDoesNotMatch"),
            ({"signed": "host"}, "SignatureDoesNotMatch"),
            ({"signature": "not hexadecimal"}, "MissingAuthorization"),
        ],
    )
    def test_a_forged_call_is_denied(self, gate: Gate, call: dict[str, object], code: str):
        assert _code(gate.denies(_call(**call), SMS_AT)) == code

    def test_the_denial_echoes_the_phone_number_as_the_real_one_does(self, gate: Gate):
        denied = gate.denies(_call(signature="0" * 64), SMS_AT)
        assert denied
        assert "13800138000" in denied.message

    @pytest.mark.parametrize("late", [-901, 901])
    def test_a_stale_call_is_denied(self, gate: Gate, late: float):
        assert _code(gate.denies(_call(), SMS_AT + late)) == "InvalidTimeStamp.Expired"


class TestAliyunRules:
    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"PhoneNumbers": "12345"}, "isv.MOBILE_NUMBER_ILLEGAL"),
            ({"PhoneNumbers": ",".join(["13800138000"] * 1001)}, "isv.MOBILE_COUNT_OVER_LIMIT"),
            ({"SignName": "别家"}, "isv.SMS_SIGNATURE_ILLEGAL"),
            ({"TemplateCode": "SMS_1"}, "isv.SMS_TEMPLATE_ILLEGAL"),
            ({"TemplateParam": "not json"}, "isv.INVALID_JSON_PARAM"),
            ({"TemplateParam": "[]"}, "isv.INVALID_JSON_PARAM"),
            ({"TemplateParam": "{}"}, "isv.TEMPLATE_MISSING_PARAMETERS"),
            ({"TemplateParam": json.dumps({"code": "A" * 36})}, "isv.PARAM_LENGTH_LIMIT"),
            ({"TemplateParam": '{"code": "http://x"}'}, "isv.PARAM_NOT_SUPPORT_URL"),
            ({"PhoneNumbers": "+8613800138000"}, "OK"),
        ],
    )
    def test_a_message_against_the_rules_is_refused(self, change: dict[str, str], code: str):
        assert AliyunFake().send(dict(SMS) | change)["Code"] == code  # past the gate

    def test_codes_have_three_levels_and_notices_one(self):
        at = [SMS_AT]
        fake = AliyunFake(now=lambda: at[0])

        def send(after: float, **change: str) -> str:
            at[0] += after
            return str(fake.send(dict(SMS) | change)["Message"])  # past the gate

        assert [send(1), send(1)] == ["OK", "触发分钟级流控Permits:1"]
        assert [send(60) for _ in range(5)] == [*["OK"] * 4, "触发小时级流控Permits:5"]
        assert [send(3600) for _ in range(6)] == [*["OK"] * 5, "触发天级流控Permits:10"]
        notice = {"TemplateCode": "SMS_100000001", "TemplateParam": '{"number":"LB1"}'}
        assert [send(1, **notice) for _ in range(51)] == [*["OK"] * 50, "触发天级流控Permits:50"]
        assert send(86400, **notice) == "OK"

    @pytest.mark.parametrize(
        ("headers", "parameters", "code", "status"),
        [
            ({"x-acs-action": "SendMail"}, dict(SMS), "InvalidAction.NotFound", 404),
            ({"x-acs-version": "2016-01-01"}, dict(SMS), "InvalidVersion", 400),
            ({}, {"PhoneNumbers": "13800138000"}, "MissingSignName", 400),
        ],
    )
    async def test_a_call_for_something_else_is_denied(
        self, headers: dict[str, str], parameters: dict[str, str], code: str, status: int
    ):
        query = tuple(sorted(parameters.items()))
        sent = SMS_HEADERS | headers
        _, signature = _signed("testsecret", query, sent)
        authorization = _authorization(signature, ";".join(sorted(sent)))
        app = AliyunFake(now=lambda: SMS_AT).app()
        async with _client(app, "https://dysmsapi.aliyuncs.com") as client:
            url = f"/?{aliyun_signature.canonical_query(query)}"
            answer = await client.post(url, headers=sent | {"Authorization": authorization})
        assert (answer.status_code, answer.json()["Code"]) == (status, code)
        assert answer.json()["HostId"] == "dysmsapi.aliyuncs.com"

    def test_a_page_of_the_record_has_at_most_fifty_rows(self):
        parameters = {"PhoneNumber": "13800138000", "SendDate": "20260102", "PageSize": "51", "CurrentPage": "1"}
        assert AliyunFake().details(parameters)["Code"] == "isv.INVALID_PARAMETERS"  # past the gate


def _signed(secret: str, query: tuple[tuple[str, str], ...], headers: dict[str, str]) -> tuple[str, str]:
    request = aliyun_signature.canonical_request(
        "POST", query, headers=headers, signed=sorted(headers), body_hash=headers["x-acs-content-sha256"]
    )
    to_sign = aliyun_signature.string_to_sign(request)
    return to_sign.splitlines()[1], aliyun_signature.signature(secret, to_sign)


def _authorization(signature: str, signed: str, key: str = "testid") -> str:
    return f"ACS3-HMAC-SHA256 Credential={key},SignedHeaders={signed},Signature={signature}"


def _call(
    *,
    key: str = "testid",
    signature: str = SMS_SIGNATURE,
    signed: str = ";".join(sorted(SMS_HEADERS)),
    query: tuple[tuple[str, str], ...] = SMS,
    body: bytes = b"",
) -> Call:
    headers = SMS_HEADERS | {"authorization": _authorization(signature, signed, key)}
    return Call("POST", query, Headers(headers), body)


def _code(denied: object) -> str | None:
    return getattr(denied, "code", None)


def _client(app: Starlette, base_url: str = "http://fake.test") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base_url)

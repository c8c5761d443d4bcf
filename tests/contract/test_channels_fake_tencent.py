"""The fake Tencent is worth something only if it is as strict as facts/ says the real one is."""

from datetime import UTC, datetime

import httpx
import pytest
from starlette.applications import Starlette

from tests.fakes import tencent_signature
from tests.fakes.tencent import TencentFake


class TestTencentSignature:
    BODY = (
        '{"PhoneNumberSet":["+8613800138000"],"SmsSdkAppId":"1400006666","SignName":"测试商城",'
        '"TemplateId":"449739","TemplateParamSet":["AB12"],"SessionContext":"msg-0001"}'
    ).encode()

    @pytest.mark.parametrize(
        ("content_type", "hashed", "signature"),
        [
            (
                "application/json; charset=utf-8",
                "f64b8880c2a98a1cf3aac26906783637dbe436802556f52a8865963d9fa3436c",
                "99121c2bb71540c7b549fc82443cc142260712333fc6140df60dc8113c78f5e3",
            ),
            (
                "application/json",
                "b36a2fbf6d3abdf9d44155ade52c2e9e98b8a7c135e3cb5e33f96d32c5152db7",
                "76096e44cc525182f9f792c35b0b91f783c0309397d53ed01774f24015eb6bcf",
            ),
        ],
    )
    async def test_the_golden_vectors(self, content_type: str, hashed: str, signature: str):
        host = "sms.tencentcloudapi.com"
        request_hash = tencent_signature.hashed_request(self.BODY, content_type=content_type, host=host)
        assert request_hash == hashed
        made = tencent_signature.signature(
            "SKEXAMPLE", timestamp=1767323045, date="2026-01-02", request_hash=request_hash
        )
        assert made == signature
        headers = _tencent_headers(signature) | {"Content-Type": content_type}
        async with _client(TencentFake(now=lambda: 1767323045.0).app(), f"https://{host}") as client:
            answer = await client.post("/", content=self.BODY, headers=headers)
        [status] = answer.json()["Response"]["SendStatusSet"]
        assert (status["Code"], status["SessionContext"]) == ("Ok", "msg-0001")
        assert answer.headers["content-type"] == "application/json"  # the SDK overlooks errors under any other

    @pytest.mark.parametrize(
        ("change", "seconds", "code"),
        [
            ({}, 301, "AuthFailure.SignatureExpire"),
            ({"Authorization": ""}, 0, "AuthFailure.SignatureFailure"),
            ({"X-TC-Timestamp": "1767323046"}, 0, "AuthFailure.SignatureFailure"),
            ({"X-TC-Action": "SendMail"}, 0, "InvalidAction"),
            ({"X-TC-Version": "2019-07-11"}, 0, "NoSuchVersion"),
            ({"X-TC-Region": ""}, 0, "MissingParameter"),
        ],
    )
    async def test_a_forged_or_stale_call_is_denied_with_status_200(
        self, change: dict[str, str], seconds: float, code: str
    ):
        signature = "76096e44cc525182f9f792c35b0b91f783c0309397d53ed01774f24015eb6bcf"
        app = TencentFake(now=lambda: 1767323045 + seconds).app()
        async with _client(app, "https://sms.tencentcloudapi.com") as client:
            answer = await client.post("/", content=self.BODY, headers=_tencent_headers(signature) | change)
        assert (answer.status_code, answer.json()["Response"]["Error"]["Code"]) == (200, code)


class TestTencentRules:
    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"SmsSdkAppId": "1"}, "InvalidParameterValue.SdkAppIdNotExist"),
            ({"SignName": "别家"}, "FailedOperation.SignatureIncorrectOrUnapproved"),
            ({"TemplateId": "1"}, "FailedOperation.TemplateIncorrectOrUnapproved"),
            ({"TemplateParamSet": []}, "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"),
            ({"TemplateParamSet": [1]}, "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"),
            ({"TemplateParamSet": ["http://x"]}, "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter"),
            ({"TemplateId": "449740"}, "InvalidParameterValue.TemplateParameterLengthLimit"),
            ({"TemplateId": "449742"}, "FailedOperation.MarketingSendTimeConstraint"),
            ({"PhoneNumberSet": ["12345"]}, "InvalidParameterValue.IncorrectPhoneNumber"),
            ({"PhoneNumberSet": ["13800138000", "+8613800138000"]}, "LimitExceeded.PhoneNumberThirtySecondLimit"),
        ],
    )
    def test_a_message_against_the_rules_is_refused(self, change: dict[str, object], code: str):
        night = datetime(2026, 11, 22, 15, 0, tzinfo=UTC).timestamp()  # 23:00 in Shanghai
        fake = TencentFake(now=lambda: night)
        assert fake.send(_tencent_body() | change)["SendStatusSet"][-1]["Code"] == code  # past the signature

    @pytest.mark.parametrize(
        ("numbers", "code"),
        [([], "MissingParameter.EmptyPhoneNumberSet"), (["1"] * 201, "LimitExceeded.PhoneNumberCountLimit")],
    )
    def test_a_call_for_nobody_or_for_too_many_is_refused_as_a_whole(self, numbers: list[str], code: str):
        answer = TencentFake().send({"PhoneNumberSet": numbers})  # past the signature
        assert answer["Error"]["Code"] == code

    def test_a_number_has_two_texts_a_day_and_the_application_its_cap(self):
        at = [datetime(2026, 11, 22, 15, 0, tzinfo=UTC).timestamp()]
        fake = TencentFake(now=lambda: at[0], app_per_day=3)

        def send(phone: str) -> str:
            at[0] += 31
            body = _tencent_body() | {"PhoneNumberSet": [phone]}
            return str(fake.send(body)["SendStatusSet"][0]["Code"])  # past the signature

        assert [send("13800138000") for _ in range(3)] == ["Ok", "Ok", "LimitExceeded.PhoneNumberDailyLimit"]
        assert [send("13900139000") for _ in range(2)] == ["Ok", "LimitExceeded.AppDailyLimit"]
        at[0] += 3600  # past midnight in Shanghai
        assert send("13800138000") == "Ok"

    def test_the_record_gives_at_most_a_hundred_rows(self):
        answer = TencentFake().pull({"Limit": 101})  # past the signature
        assert answer["Error"]["Code"] == "InvalidParameterValue.LimitVerifyFail"


def _tencent_headers(signature: str) -> dict[str, str]:
    scope = "AKIDEXAMPLE/2026-01-02/sms/tc3_request"
    return {
        "Content-Type": "application/json",
        "X-TC-Action": "SendSms",
        "X-TC-Version": "2021-01-11",
        "X-TC-Region": "ap-guangzhou",
        "X-TC-Timestamp": "1767323045",
        "Authorization": f"TC3-HMAC-SHA256 Credential={scope}, SignedHeaders=content-type;host, Signature={signature}",
    }


def _tencent_body() -> dict[str, object]:
    return {
        "PhoneNumberSet": ["+8613800138000"],
        "SmsSdkAppId": "1400006666",
        "TemplateId": "449739",
        "SignName": "测试商城",
        "TemplateParamSet": ["AB12345"],
    }


def _client(app: Starlette, base_url: str = "http://fake.test") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base_url)

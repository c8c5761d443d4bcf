"""Settings from the command line: what the console can, for whoever has a shell but should not edit .env."""

import json

from click.testing import Result

from tests.integration.conftest import Run

ROBOT = "https://oapi.dingtalk.com/robot/send?access_token=s3cr3tab12#SECs1gn"


def _json(result: Result) -> dict[str, object]:
    return {one["name"]: one for one in json.loads(result.stdout)["items"]}


def test_a_value_is_set_seen_and_given_back(run: Run):
    assert _json(run("settings", "list", "--json"))["coupon_low_at"]["value"] == "100"
    assert "已改为：7" in run("settings", "set", "LIFEBOAT_COUPON_LOW_AT", "7").stdout
    line = _json(run("settings", "list", "--json"))["coupon_low_at"]
    assert (line["value"], line["source"], line["usable"]) == ("7", "console", True)
    assert json.loads(run("settings", "forget", "coupon_low_at", "--json").stdout) == {
        "name": "coupon_low_at",
        "source": "env",
    }
    assert "现在用的就是" in run("settings", "forget", "coupon_low_at", code=1).stderr
    assert _json(run("settings", "list", "--json"))["coupon_low_at"]["source"] == "env"


def test_a_robot_shows_host_and_last_four_alone_and_a_wrong_one_is_refused(run: Run):
    told = run("settings", "set", "dingtalk_robots", ROBOT, "--json").stdout
    assert json.loads(told) == {"name": "dingtalk_robots", "value": "oapi.dingtalk.com …ab12"}
    listed = run("settings", "list").stdout
    assert "oapi.dingtalk.com …ab12" in listed
    assert "s3cr3t" not in told + listed
    wrong = run("settings", "set", "dingtalk_robots", "https://evil.example/s3cr3t", code=1)
    assert "没有改动" in wrong.stderr
    assert "s3cr3t" not in wrong.stderr

"""What a dependency may be called by: a name, a way, a host and a port, and nothing secret in between."""

import pytest

from app.domain.dependency import WrongAddress, dependency_of


@pytest.mark.parametrize(
    ("text", "kind", "host", "port"),
    [
        ("支付=https://pay.example.com/health", "http", "pay.example.com", 443),
        ("库 = tcp://DB.internal:3306", "tcp", "db.internal", 3306),
    ],
)
def test_a_dependency_is_read_from_its_name_and_address(text: str, kind: str, host: str, port: int):
    found = dependency_of(text)
    assert (found.kind, found.host, found.port) == (kind, host, port)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("https://pay.example.com", "名称=地址"),
        ("=https://pay.example.com", "名称=地址"),
        ("x=https://[::1", "地址无法读取"),
        ("x=ftp://host", "开头"),
        ("x=https://", "须写明主机"),
        ("x=https://who:secret@host/", "不带用户名和密码"),
        ("x=tcp://host", "须写明端口"),
    ],
)
def test_what_is_none_is_refused_in_words(text: str, says: str):
    with pytest.raises(WrongAddress, match=says):
        dependency_of(text)

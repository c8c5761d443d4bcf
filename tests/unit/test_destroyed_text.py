# ruff: noqa: RUF001 - destroyed text looks like nothing else
"""What is destroyed or masked is told from what people really write, as a table."""

import pytest

from app.domain.destroyed_text import LABELS, destroyed_fields, is_destroyed
from app.domain.order import Recipient

DESTROYED_NAMES = [
    "??", "???", "？？", "? ?", "?", "张?", "李？", "\ufffd\ufffd", "张\ufffd", "锟斤拷", "锟斤拷锟斤拷", "烫烫烫", "烫烫烫烫", "屯屯屯",
    "张*", "张**", "*三", "***", "＊三", "张＊＊", "张 * *", "张××", "张●●", "□□", "张□", "寮犱笁椋", "寮犱笁",
    "å¼\xa0ä¸\x89", "å¼ ä¸", "%E5%BC%A0%E4%B8%89", "&#24352;&#19977;", "\\u5f20\\u4e09", "undefined", "null", "[object Object]",
]  # fmt: skip
NAMES = [
    "张三", "欧阳小红", "买买提·阿不都拉", "买买提•阿不都拉", "古丽米热‧艾力", "O'Brien", "Zoë Müller", "José·María", "Jean-Luc Café", "Null",
    "A", "王 小 明", "㛃", "王〇〇", "李先生（代收）", "Đặng Văn", "田中さん", "김철수", "Иванов", "nick_2024", "张三~", "100%小明", "李%20",
]  # fmt: skip
DESTROYED_ADDRESSES = [
    "??? 1 ?", "? ? ?", "?", "? 1 ?", "1??2?", "文三路 ?? 号", "文三路？？号", "锟斤拷路 1 号", "文三\ufffd\ufffd 1 号", "烫烫烫烫路", "***", "文三路****", "浙江省*路*号",
    "文三路 1 号**室", "æ\x96\x87ä¸\x89è·¯ 1 å\x8f·", "æä¸è·¯ 1 å·", "鏂囦笁璺", "%E6%96%87%E4%B8%89%E8%B7%AF 1", "&#25991;&#19977; 1", "undefined", "文三路□□号",
]  # fmt: skip
ADDRESSES = [
    "文三路 1 号", "文三路 90 号 3*5 房", "西湖区文三路 90 号 A 座 302", "1600 Amphitheatre Pkwy, Apt #5", "Suite 12? ask the porter", "10 Downing St. (rear)",
    "Rue de l'Église 5", "Große Straße 7", "上城区·清波街道", "涓河路 5 号", "滢水路 5 号 100% 楼", "联通大厦 3 楼", "放门口可以吗？谢谢", "1 号楼？302", "烫烫火锅店旁", "No.5 gate",
    "Calle Ñuñoa 5", "5号", "·", "-",
]  # fmt: skip


@pytest.mark.parametrize("name", DESTROYED_NAMES)
def test_a_name_that_was_destroyed_or_masked_is_found(name: str):
    assert destroyed_fields(Recipient(name=name)) == ("收件人姓名",)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_people_have_passes(name: str):
    assert destroyed_fields(Recipient(name=name)) == ()


@pytest.mark.parametrize("address", DESTROYED_ADDRESSES)
def test_an_address_that_was_destroyed_or_masked_is_found(address: str):
    assert destroyed_fields(Recipient(address=address)) == ("详细地址",)


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_people_write_passes(address: str):
    assert destroyed_fields(Recipient(address=address)) == ()


def test_each_part_of_a_recipient_is_named_and_what_is_missing_is_not():
    destroyed = Recipient(name="??", province="??", city="?", district="*区", address="***")
    assert destroyed_fields(destroyed) == tuple(LABELS.values())
    assert destroyed_fields(Recipient(name="", city="杭州市")) == ()
    assert destroyed_fields(None) == ()


COMMON = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"


def test_no_usual_name_is_taken_for_another_encoding():
    """A name of two or three characters has bytes in GBK that might be UTF-8 by chance."""
    given = "伟芳娜敏静丽强磊军洋勇艳杰涛明超霞平刚桂英华文辉建国志梓涵浩宇轩滢潇灏沁琪瑶璐妍嫣婷娟婉"
    names = [surname + one + two for surname in COMMON for one in given for two in given]
    assert [name for name in names if is_destroyed(name)] == []

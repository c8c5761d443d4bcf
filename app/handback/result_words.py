"""The words in which main systems tell of a result, a table that a merchant can extend, and what a reason tells."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Literal

from app.toml_file import UnreadableFile, name_of, parse_toml, read_small_file

Said = Literal["imported", "duplicate", "failed", "updated", "skipped"]
There = Literal["there", "not_there", "unclear"]
"""What a reason tells of the main system: it has the order, nothing is said of that, or one cannot tell."""

_KINDS: tuple[Said, ...] = ("imported", "duplicate", "failed", "updated", "skipped")
_THERE = "exists_there"
_EDGES = " \t\r\n\u200b\ufeff'\"“”\u2018\u2019[](){}<>【】《》「」.。!！,，;；:：|"
_CLAUSES = re.compile(r"[,;。!?|\n]|\.\s")
_NEGATED = re.compile(
    r"(?:不|未|没有?|无|非|请勿|勿|不要|避免|防止|以免|\bnot?\s|n't\s|\bavoid\s)"
    r"(?:再|曾|有|存在|找到|发现|检测到|检出|查到|出现|found\s|any\s|a\s)*$"
)
_DOUBTED = re.compile(r"疑似|可能|或许|也许|是否|是不是|有无|maybe|possibl|might|whether|suspect")
_ORDER = re.compile(r"订单|单号|线上单|原始单|平台单|交易|单据|\btid\b|so_id|order|trade")
_OTHER = re.compile(
    r"商品|货品|产品|\bsku|\bspu|编码|条码|规格|款号|明细|子单|子订单|手机|电话|地址|买家|会员|昵称|收货|收件|姓名|客户"
    r"|仓库|快递|物流|运单|优惠|赠品|促销|发票|\boid\b|标签|备注|字段|表头|文件|product|item|phone|address|customer"
)
_SUCCESS = re.compile(
    r"(?<!不)(?<!未)(?<!没有)(?<!未能)成功(?!时间|后|的|率|状态|前)|(?<![不未没])已(?:导入|创建|生成)"
    r"|\bok\b|(?<!un)(?<!not )\bsuccess|(?<!not )\bimported\b"
)
_NO_TROUBLE = re.compile(r"(?:没有|无|未发现|未见)(?:任何)?(?:错误|异常|问题|失败)|无误")
_TROUBLE = re.compile(
    r"不|未|没|无法|无效|非法|缺|错|误|失败|异常|拒绝|跳过|忽略|回滚|撤销|超过|超出|为空|作废|取消|停用"
    r"|\bnot?\b|n't\b|fail|error|invalid|missing|skip|reject"
)
_HAS_GONE_ON = re.compile(
    r"不(?:能|允许|可以?|得)再?被?(?:修改|覆盖|更新|编辑|变更)|已(?:发货|出库|审核|完成|锁定|合并|拆分|签收|配货)"
    r"|(?:cannot|not) be (?:modified|updated|changed)|already (?:shipped|processed)"
)
"""What is said of an order that the main system has: it cannot be changed any more."""

_NOT_OF_AN_ORDER = re.compile(r"(?:的)?(?:购买|次数|率|退款|售后|异常|问题|错误|风险)")


@dataclass(frozen=True, slots=True)
class ResultWords:
    """What each word says, in small letters and half width, longest first; ``wrong`` names a merchant's bad file."""

    results: Mapping[str, Said]
    there: tuple[str, ...]
    wrong: str = ""

    def opening(self, text: str) -> tuple[Said, str] | None:
        """Return what the word says with which a text begins, and what follows it.

        None where it begins with none of the words, or what follows takes the word back: 成功，但商品未匹配.
        """
        clean = plain(text).strip(_EDGES)
        for word, said in self.results.items():
            if not clean.startswith(word):
                continue
            after = clean[len(word) :]
            if not after or not after[0].isalnum():
                rest = after.strip(_EDGES)
                against = {"imported": tells_of_trouble, "failed": tells_of_success}.get(said)
                return None if against and against(rest) else (said, rest)
        return None

    def contradicts(self, said: Said, reason: str | None) -> bool:
        """Tell whether the reason beside a word begins with the opposite word: 成功, and 导入失败：缺货."""
        against: Mapping[Said, tuple[Said, ...]] = {"imported": ("failed", "skipped"), "failed": ("imported",)}
        opening = self.opening(reason) if reason else None
        return opening is not None and opening[0] in against.get(said, ())

    def of_reason(self, reason: str | None) -> There:
        """Tell whether a reason says that the main system has this order already.

        A clause counts by what it speaks of: 商品编码重复 is of a product, 未找到重复 of nothing, 疑似重复 a question.
        """
        found: set[There] = set()
        for clause in _CLAUSES.split(plain(reason or "")):
            doubted = bool(_DOUBTED.search(clause))
            for word in (one for one in self.there if one in clause):
                for at in _places(clause, word):
                    found.add(_of_place(clause, at, at + len(word), doubted=doubted))
            if _HAS_GONE_ON.search(clause) and not _OTHER.search(clause):
                found.add("unclear")
        return "there" if "there" in found else "unclear" if "unclear" in found else "not_there"


def tells_of_success(text: str) -> bool:
    """Tell whether something in a text, of half width and small letters, says that an import succeeded."""
    return bool(_SUCCESS.search(text))


def tells_of_trouble(text: str) -> bool:
    """Tell whether something in a text, of half width and small letters, says that anything went amiss."""
    return bool(_TROUBLE.search(_NO_TROUBLE.sub("", text)))


def plain(text: str) -> str:
    """Return a text in small letters of half width, its blanks single."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _places(clause: str, word: str) -> list[int]:
    return [match.start() for match in islice(re.finditer(re.escape(word), clause), MOST_PLACES)]


MOST_PLACES = 20
"""So often one word of a clause is looked at."""

_NEAR = 60
"""Characters on either side in which must stand what a word is about."""


def _of_place(clause: str, start: int, end: int, *, doubted: bool) -> There:
    before, after = clause[max(0, start - _NEAR) : start], clause[end : end + _NEAR]
    if _NEGATED.search(before):
        return "not_there"
    if doubted or _NOT_OF_AN_ORDER.match(after):
        return "unclear"
    spoken_of = before if _ORDER.search(before) or _OTHER.search(before) else after
    other, order = _OTHER.search(spoken_of), _ORDER.search(spoken_of)
    if other:
        return "unclear" if order else "not_there"
    return "there"


@cache
def shipped_words() -> ResultWords:
    """Return the words that are part of the program."""
    _, document = parse_toml((files(__package__) / "result_words.toml").read_bytes())
    return _read(document, ResultWords({}, ()))


def words_with(path: Path) -> ResultWords:
    """Return the shipped words and those of a merchant's own file; one that is wrong takes nothing from the others."""
    shipped = shipped_words()
    try:
        return _read(parse_toml(read_small_file(path))[1], shipped)
    except UnreadableFile as error:
        wrong = f"LIFEBOAT_RESULT_WORDS 的文件 {name_of(path)} 有误（{error.reason}），只用了内置词表"
        return ResultWords(shipped.results, shipped.there, wrong)


def _read(document: Mapping[str, object], known: ResultWords) -> ResultWords:
    if strange := set(document) - {*_KINDS, _THERE}:
        raise UnreadableFile(f"不认识 {'、'.join(sorted(strange))}，可用：{'、'.join((*_KINDS, _THERE))}")
    results = dict(known.results)
    for kind in _KINDS:
        results.update(dict.fromkeys(_words(document, kind), kind))
    longest_first = dict(sorted(results.items(), key=lambda one: len(one[0]), reverse=True))
    return ResultWords(longest_first, tuple(dict.fromkeys((*known.there, *_words(document, _THERE)))))


def _words(document: Mapping[str, object], key: str) -> Sequence[str]:
    said = document.get(key, [])
    if not isinstance(said, list) or not all(isinstance(word, str) and plain(word).strip(_EDGES) for word in said):
        raise UnreadableFile(f"{key} 须是词的列表")
    return [plain(word).strip(_EDGES) for word in said]

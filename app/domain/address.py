"""Writes province, city, district and address as one address in which no division of the country stands twice.

Storefronts fill these four as they please: a municipality as province and city alike, the city without 市, the whole
address once more in the last. What stands at the beginning of the address is recognised only if nothing else can be
meant (上海路 in 南京 is a street); otherwise it stays: a division told twice harms less than a lost street.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

_PLACEHOLDERS = re.compile(r"市辖区|县|(?:省|自治区)直辖(?:县级)?(?:行政区划|行政单位|县)?|直辖县级.*")
"""What official lists have in place of a city that does not exist (GB/T 2260)."""

_MUNICIPALITIES = frozenset({"北京", "天津", "上海", "重庆"})
_OF_ONE_CITY = _MUNICIPALITIES | {"香港", "澳门"}
_WITHOUT_DISTRICTS = frozenset(
    re.split(
        "、",
        "东莞、中山、儋州、嘉峪关、仙桃、潜江、天门、济源、石河子、阿拉尔、图木舒克、五家渠、北屯、铁门关、双河、可克达拉、昆玉、胡杨河、"
        "新星、白杨、五指山、文昌、琼海、万宁、东方",
    )
)
"""Cities that have none, so that a district of the same name is the city once more."""

_PEOPLES = (
    "(?:蒙古族?|回族|藏族|维吾尔族?|苗族|彝族|壮族|布依族|朝鲜族|侗族|白族|土家族|哈尼族|哈萨克族?|傣族|黎族|傈僳族"
    "|羌族|景颇族|柯尔克孜族?|各族)*"
)
_PROVINCE_ENDS = f"(?:省|{_PEOPLES}自治区|特别行政区)"
_CITY_ENDS = f"(?:市|地区|盟|州|{_PEOPLES}自治州|林区)"
_DISTRICT_ENDS = f"(?:新区|林区|特区|地区|区|{_PEOPLES}自治县|县|市|自治旗|旗|镇|乡|街道)"
_ENDS = (_PROVINCE_ENDS, _CITY_ENDS, _DISTRICT_ENDS)
_NAMED = tuple(re.compile(f"(.{{2,}}?){ends}") for ends in (f"(?:市|{_PROVINCE_ENDS})", _CITY_ENDS, _DISTRICT_ENDS))
_ENDING = "省市区县盟旗"
_DISTRICT = 2
_GOES_ON = "(?!(?<=市)场|(?<=[省县])道|(?<=区)[间域])"
"""上海市场路, 江苏省道, 安吉县道: the last character of the division is the first of another word."""

_STREET = re.compile(r"\s*[东西南北中新老]?[一二三四五六七八九十]?(?:路|街|大道|大街|巷|弄|里|道|桥|广场|城|湾|镇|村)")
APART = " \u3000\t,，、;；/|·-"
"""What people put between two divisions."""

_BETWEEN = re.compile(rf"(?:[{re.escape(APART)}]|中国|中华人民共和国|市辖区)*")
_OTHER = re.compile(
    f"(?:(?![路街道巷弄号村镇])[\\u4e00-\\u9fff]){{2,8}}?(?:省|{_PEOPLES}自治区|市|{_PEOPLES}自治州|地区|盟|{_PEOPLES}自治县|区|县|旗)"
)


def one_line_address(province: str | None, city: str | None, district: str | None, address: str | None) -> str:
    """Return the whole address; empty where ``address`` is, since the rest alone leads nowhere."""
    street = (address or "").strip()
    parts = _parts(province, city, district)
    if not street or not parts:
        return street
    unknown = sum(not (name or "").strip() for name in (province, city, district))
    lead = _lead_of(street, parts, strangers=unknown)
    rest = street[lead[-1].end :] if lead else street
    blank = " "
    if lead:
        apart, rest = rest, rest.lstrip(APART)
        blank = "" if apart == rest and lead[-1].part == parts[-1] else " "
    return f"{_merged(parts, lead)}{blank if rest else ''}{rest}"


@dataclass(frozen=True, slots=True)
class _Part:
    """A division as the storefront named it; ``level`` 0 is the province."""

    level: int
    name: str


@dataclass(frozen=True, slots=True)
class _Found:
    """A division at the beginning of an address; ``part`` is None for one that no field names."""

    part: _Part | None
    text: str
    end: int
    sure: bool


def _parts(*names: str | None) -> list[_Part]:
    """Return what the fields name, without what stands there twice or for nothing."""
    parts: list[_Part] = []
    for level, found in enumerate(names):
        name = "".join((found or "").split())
        if not name or (level and _PLACEHOLDERS.fullmatch(name)):
            continue
        for before in parts:  # 浙江省, 浙江省杭州市, 浙江省杭州市西湖区: each field begins with the one before
            if before.name[-1] in _ENDING and len(before.name) > _DISTRICT and name != before.name:
                name = name.removeprefix(before.name)
        if level == 0 and name == "吉林":
            name = "吉林省"  # the one province with a city of its name: 吉林吉林市 would be read as one
        if parts and _same(parts[-1], name):
            parts[-1] = _Part(parts[-1].level, max(parts[-1].name, name, key=len))
        else:
            parts.append(_Part(level, name))
    return parts


def _same(before: _Part, name: str) -> bool:
    """Tell whether the next field says again what this one has said; 吉林省吉林市 and 朝阳市朝阳县 do not."""
    if name in (before.name, before.name + "市"):
        return True
    bare = _bare(before)
    known = _OF_ONE_CITY if before.level == 0 else _WITHOUT_DISTRICTS
    return bare in known and name in (bare, bare + "市", bare + "特别行政区")


def _lead_of(address: str, parts: Sequence[_Part], *, strangers: int) -> list[_Found]:
    """Return the divisions at the beginning of an address, up to the last that is sure."""
    lead, at = list[_Found](), 0
    while found := _next(address, at, parts, strangers=strangers):
        lead.append(found)
        strangers -= found.part is None
        at = found.end
    while lead and not lead[-1].sure:
        lead.pop()
    return lead


def _next(address: str, at: int, parts: Sequence[_Part], *, strangers: int) -> _Found | None:
    begins = _BETWEEN.match(address, at).end()  # type: ignore[union-attr]
    for part in parts:
        if found := _whole(part).match(address, begins):
            return _Found(part, found[0], found.end(), sure=True)
    for part in parts:
        bare = _bare(part)
        if part.level < _DISTRICT and address.startswith(bare, begins):
            after = address[begins + len(bare) :]
            sure = after != after.lstrip(APART) and not _STREET.match(after.lstrip(APART))
            return _Found(part, bare, begins + len(bare), sure=sure)
    if strangers > 0 and (found := _OTHER.match(address, begins)):
        return _Found(None, found[0], found.end(), sure=False)
    return None


def _bare(part: _Part) -> str:
    """Return a division without its ending: 杭州 for 杭州市, 内蒙古 for 内蒙古自治区."""
    found = _NAMED[part.level].fullmatch(part.name)
    return found[1] if found else part.name


@lru_cache(maxsize=4096)
def _whole(part: _Part) -> re.Pattern[str]:
    """Return what matches a division with its ending, as its field has it or as people also call it."""
    bare = _bare(part)
    if (bare == part.name and bare[-1] in _ENDING) or (part.level == _DISTRICT and bare != part.name):
        return re.compile(re.escape(part.name) + _GOES_ON)  # whichever field it stands in, it is what it says
    ends = "市" if part.level == 0 and bare in _MUNICIPALITIES else _ENDS[part.level]
    return re.compile(f"{re.escape(bare)}{ends}{_GOES_ON}")


def _merged(parts: Sequence[_Part], lead: Sequence[_Found]) -> str:
    """Return all divisions once, each in full if anybody has written it in full."""
    written = {found.part: found.text for found in lead if found.part}
    left = [(part, max(part.name, written.get(part, ""), key=len)) for part in parts]
    told: list[str] = []
    if left[0][0].level == 0:  # before whatever else the address begins with
        told.append(left.pop(0)[1])
    for found in lead:
        if found.part is None and found.text not in told:
            told.append(found.text)
        while any(part == found.part for part, _ in left):
            told.append(left.pop(0)[1])
    return "".join((*told, *(name for _, name in left)))

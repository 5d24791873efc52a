"""Names of units, one spelling for each, as products of symbols; and the words that are no unit."""

from fractions import Fraction

from training.grading.expressions import Expression, Number, Power, Product, Symbol, integer

SPELLINGS = """
mm: millimeter millimetre 毫米
cm: centimeter centimetre 厘米 公分
dm: decimeter decimetre 分米
m: meter metre 米
km: kilometer kilometre 千米 公里
in: inch inche 英寸
ft: foot feet 英尺
yd: yard 码
mi: mile 英里
mg: milligram 毫克
g: gram 克
kg: kilogram kilo 千克 公斤
t: ton tonne 吨
lb: pound lbs 磅
oz: ounce 盎司
ml: mL milliliter millilitre 毫升
l: L liter litre 升
gal: gallon 加仑
s: sec second 秒
min: minute mins 分钟
h: hr hour hrs 小时 时
day: 天 日
week: wk 周 星期
month: 月 个月
year: yr 年
dollar: usd buck 美元
cent: 美分
euro: eur 欧元
gbp: sterling 英镑
yuan: rmb cny 元 块 人民币 块钱
jiao: 角
fen: 分
degree: deg 度
radian: rad 弧度
unit: 单位
hz: hertz Hz
j: J joule 焦耳 焦
n: N newton 牛顿 牛
w: W watt 瓦
v: V volt 伏
pa: Pa pascal 帕
mol: mole
kelvin: K 开
people: person persons 人 名
year_old: 岁
"""
CANONICAL = {
    spelling: canonical.strip()
    for canonical, _, spellings in (line.partition(":") for line in SPELLINGS.strip().splitlines())
    for spelling in (canonical.strip(), *spellings.split())
}
CANONICAL |= {"cms": "cm", "kgs": "kg", "kms": "km", "mm": "mm"}
COMPOUND = {
    "mph": "mi/h", "kph": "km/h", "kmh": "km/h", "kmph": "km/h", "fps": "ft/s", "sqft": "ft2", "mps": "m/s",
    "cc": "cm3",
    "平方厘米": "cm2", "平方米": "m2", "平方千米": "km2", "平方公里": "km2", "平方分米": "dm2", "立方厘米": "cm3",
    "立方米": "m3",
    "立方分米": "dm3", "平方单位": "unit2", "千米/时": "km/h", "平方毫米": "mm2",
}  # fmt: skip
PREFIXES = {"square": 2, "sq": 2, "squared": 2, "cubic": 3, "cu": 3, "cubed": 3}
MULTIPLES: dict[str, int | Fraction] = {
    "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12, "k": 1000,
    "percent": Fraction(1, 100), "pct": Fraction(1, 100),
    "百": 100, "千": 1000, "万": 10**4, "亿": 10**8, "十": 10, "百万": 10**6, "千万": 10**7, "万亿": 10**12,
}  # fmt: skip
NOT_UNITS = frozenset(
    """not no non or and nor but either neither both if then maybe perhaps about approximately approx roughly almost
    nearly around circa least most more less fewer greater than over under above below between from to of is are was
    equals equal plus minus times divided by half quarter third except without with when where for since because so
    the a an that this it we answer true false undefined infinity infinite none nan wrong incorrect correct right
    mod modulo remainder point negative positive all any every each some unknown it's isn't cannot off ago later
    am pm bc ad squared cubed square cubic root roots factorial power exponent
    halves thirds quarters fourths fifths sixths sevenths eighths ninths tenths hundredths thousandths fold double
    triple twice couple too short many few zeros zeroes base""".split()
)
"""Words that change a value, offer another or begin a clause."""
CODES = frozenset("usd eur gbp rmb cny yuan".split())
"""Currencies that are written before the number."""
CURRENCY = {"$": "dollar", "€": "euro", "£": "gbp", "¥": "yuan", "￥": "yuan", "¢": "cent", "¤": "dollar"}


def unit(word: str) -> Expression | None:
    """The unit that a word names; an unknown noun stands for itself; None for a word that is no unit."""
    if word in COMPOUND or word.lower() in COMPOUND:
        return _compound(COMPOUND.get(word) or COMPOUND[word.lower()])
    for spelling in (word, word.lower(), singular(word.lower())):
        if spelling in CANONICAL:
            return Symbol(":" + CANONICAL[spelling]) if CANONICAL[spelling] != "degree" else Symbol("°")
    if word.lower() in NOT_UNITS:
        return None
    return Symbol(":" + singular(word.lower()))


def is_noun(word: str) -> bool:
    """Whether a word may name what is counted."""
    return len(word) > 1 and word.lower() not in NOT_UNITS and word.lower() not in MULTIPLES


def is_known(word: str) -> bool:
    return any(s in CANONICAL or s in COMPOUND for s in (word, word.lower(), singular(word.lower())))


def _compound(spelling: str) -> Expression:
    top, _, bottom = spelling.partition("/")
    power = int(top[-1]) if top[-1].isdigit() else 1
    value: Expression = Symbol(":" + top.rstrip("23"))
    if power > 1:
        value = Power(value, integer(power))
    return Product((value, Power(Symbol(":" + bottom), integer(-1)))) if bottom else value


def singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("xes", "ches", "shes", "sses")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


def multiple(word: str) -> Number | None:
    """'million' and its like as a factor."""
    value = MULTIPLES.get(word.lower()) or MULTIPLES.get(singular(word.lower()))
    return None if value is None else Number(Fraction(value))

"""Writes pickles.json: values of Python, pickled with each protocol, and the JSON that docs/from-pyagent.md promises.

Needs Python 3.11, pytz and python-dateutil. Run it in this folder: python3 pickles.py
The JSON is worked out here, from the values, so that it does not depend on what reads the pickles.
"""

import base64
import collections
import datetime as dt
import decimal
import enum
import fractions
import json
import pickle
import uuid
import zoneinfo

import dateutil.tz
import pytz


class Color(enum.Enum):
    RED = "red"
    PAIR = (1, 2)


class Level(enum.IntEnum):
    HIGH = 3


class Mode(str, enum.Enum):
    FAST = "fast"


class Right(enum.Flag):
    READ = 1
    WRITE = 2


class MyDict(dict):
    pass


class MyList(list):
    pass


class MyTuple(tuple):
    pass


class MySet(set):
    pass


class MyText(str):
    pass


class MyNumber(int):
    pass


class MyOrdered(collections.OrderedDict):
    pass


class MyCounter(collections.Counter):
    pass


class MyMoment(dt.datetime):
    pass


class Tagged(dict):
    def __init__(self, *args):
        super().__init__(*args)
        self.tag = "t"


class Plain:
    def __init__(self):
        self.a = 1


Point = collections.namedtuple("Point", "x y")


def as_json(value):
    if value is None or isinstance(value, (bool, type, dt.tzinfo, Plain, complex)):
        return value if value is None or isinstance(value, bool) else None
    if isinstance(value, enum.Enum):
        return as_json(value.value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value) if abs(value) <= 2**53 - 1 else str(int(value))
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, (decimal.Decimal, fractions.Fraction, uuid.UUID)):
        return str(value)
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, dict):
        return {as_key(key): as_json(each) for key, each in value.items()}
    return [as_json(each) for each in value]


def as_key(key):
    json_key = as_json(key)
    return json_key if isinstance(json_key, str) else json.dumps(json_key, separators=(",", ":"))


berlin = zoneinfo.ZoneInfo("Europe/Berlin")
lord_howe = zoneinfo.ZoneInfo("Australia/Lord_Howe")
new_york = pytz.timezone("America/New_York")
moment = dt.datetime(2020, 8, 27, 23, 3, 21, 498000)
east = dt.timezone(dt.timedelta(hours=5, minutes=30))
odd = dt.timezone(-dt.timedelta(hours=3, minutes=2, seconds=1), "odd")

values = {
    "plain data": {"id": 7, "title": "ü😀\\ \n", "labels": ["a", "b"], "open": True, "closed": False, "none": None, "score": -1.5},
    "numbers": [0, 1, 255, 256, 65535, 65536, -1, -(2**31), 2**31, 2**53 - 1, -(2**53) + 1, 2**53, -(2**70), 2**300, 1e300, 0.1],
    "what is no number": [float("nan"), float("inf"), -float("inf")],
    "text": ["", "é", "€", "😀", "'\"\\\n\r\t\0", "x" * 300],
    "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
    "sets": [{1}, frozenset([2]), set(), frozenset()],
    "bytes": [b"", b"abc", bytes(range(256)), bytearray(b"\xff\0"), bytearray()],
    "keys": {1: "a", None: "b", True: "c", 2.5: "d", (1, (2, "x")): "e", b"k": "f", dt.date(2020, 1, 2): "g", "__proto__": "h"},
    "keys that are one in JSON": {3: "int", "3": "text"},
    "ordered": collections.OrderedDict([("z", 1), ("a", [2]), ("m", {})]),
    "defaultdict": collections.defaultdict(list, {"a": [1]}),
    "empty defaultdict": collections.defaultdict(int),
    "counter": collections.Counter("abca"),
    "deques": [collections.deque([1, 2]), collections.deque([1, 2, 3], maxlen=2), collections.deque()],
    "named tuples": [Point(1, "y"), Point(None, [Point(2, 3)])],
    "subclasses": [MyDict(a=1), MyList([1, [2]]), MyTuple((1, 2)), MySet([5]), MyText("t"), MyNumber(9), MyOrdered(b=2), MyCounter("aa")],
    "a subclass with attributes": Tagged({"a": 1}),
    "enums": [Color.RED, Color.PAIR, Level.HIGH, Mode.FAST, Right.READ | Right.WRITE],
    "decimals": [decimal.Decimal("1.50"), decimal.Decimal("NaN"), fractions.Fraction(1, 3)],
    "uuids": [uuid.UUID(int=0), uuid.UUID("12345678-9abc-def0-1234-56789abcdef0")],
    "naive": [moment, dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999999), dt.datetime(2026, 1, 1)],
    "fixed zones": [moment.replace(tzinfo=zone) for zone in (dt.timezone.utc, east, odd)],
    "named zones": [
        dt.datetime(2026, 1, 15, 12, tzinfo=berlin),
        dt.datetime(2026, 7, 15, 12, 0, 0, 5, tzinfo=berlin),
        dt.datetime(1890, 1, 1, tzinfo=berlin),
        dt.datetime(2026, 3, 29, 2, 30, tzinfo=berlin),
        dt.datetime(2026, 10, 25, 2, 30, tzinfo=berlin),
        dt.datetime(2026, 4, 5, 1, 45, tzinfo=lord_howe),
        dt.datetime(2026, 1, 1, tzinfo=zoneinfo.ZoneInfo("UTC")),
    ],
    "pytz": [
        new_york.localize(dt.datetime(2026, 1, 15, 12)),
        new_york.localize(dt.datetime(2026, 11, 1, 1, 30), is_dst=True),
        new_york.localize(dt.datetime(2026, 11, 1, 1, 30), is_dst=False),
        pytz.utc.localize(moment),
        pytz.FixedOffset(-90).localize(moment),
        pytz.timezone("Etc/GMT+5").localize(moment),
    ],
    "dateutil": [
        moment.replace(tzinfo=dateutil.tz.UTC),
        moment.replace(tzinfo=dateutil.tz.tzoffset("X", 3600)),
        moment.replace(tzinfo=dateutil.tz.tzoffset(None, -5400)),
    ],
    "dates and times": [dt.date(2020, 2, 29), dt.date(1, 1, 1), dt.time(1, 2), dt.time(23, 59, 59, 999999), dt.time(1, 2, tzinfo=east), dt.time(1, 2, tzinfo=berlin)],
    "durations": [dt.timedelta(days=1, seconds=2, microseconds=3), -dt.timedelta(seconds=0.1), dt.timedelta()],
    "a subclass of datetime": [MyMoment(2026, 1, 2, 3), MyMoment(2026, 7, 2, tzinfo=berlin)],
    "deep": __import__("functools").reduce(lambda inner, _: [inner], range(150), []),
    "no JSON": {"a": 1, "plain": Plain(), "complex": 1 + 2j, "class": Plain, "c": [2]},
}
# Protocols up to 3 have no place for a fold.
folds = {
    "folds": [
        dt.datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=berlin),
        dt.datetime(2026, 3, 29, 2, 30, fold=1, tzinfo=berlin),
        dt.datetime(2026, 12, 31, 2, 30, fold=1),
        dt.datetime(2026, 4, 5, 1, 45, fold=1, tzinfo=lord_howe),
        dt.time(1, 2, fold=1),
        dt.time(23, 2, fold=1, tzinfo=east),
    ]
}
broken = {"what is no number", "keys that are one in JSON", "no JSON"}


def entry(name, value, protocols):
    pickles = [base64.b64encode(pickle.dumps(value, protocol)).decode() for protocol in protocols]
    return {"name": name, "json": as_json(value), "whole": name not in broken, "pickles": pickles}


class Berlin(dateutil.tz.tzfile):
    """A zone of dateutil is pickled with all of its rules: here, without."""

    def __reduce_ex__(self, protocol):
        return (dateutil.tz.tzfile, (None, "/usr/share/zoneinfo/Europe/Berlin"))


values["dateutil"].append(moment.replace(tzinfo=Berlin("/usr/share/zoneinfo/Europe/Berlin")))

entries = [entry(name, value, range(6)) for name, value in values.items()]
entries += [entry(name, value, (4, 5)) for name, value in folds.items()]
with open("pickles.json", "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(each) for each in entries) + "\n]\n")

"""The loop of a small agent in Python: one INSERT OR IGNORE and one commit an event, then the listener is called.

Nothing is kept about the listener: an event whose call a crash prevents is never delivered. Prints what was measured as
JSON, like measure-peer.ts: python3 python-loop.py DIRECTORY EVENTS RATE SECONDS
"""

import json
import os
import sqlite3
import sys
import time

directory, (events, rate, seconds) = sys.argv[1], map(int, sys.argv[2:5])
db = sqlite3.connect(os.path.join(directory, "events.sqlite"))
db.execute("CREATE TABLE event (type TEXT, identifier TEXT, created REAL, data TEXT, UNIQUE (type, identifier))")
heard = 0


def draft(n):
    """The same event as `draft` of workload.ts."""
    return "pr.opened", f"tidings/tidings#{n}", {
        "title": f"Make the thing that was slow a little faster, part {n}",
        "author": "somebody",
        "labels": ["enhancement", "performance"],
        "url": f"https://git.example/tidings/tidings/pull/{n}",
        "stars": n % 100,
        "draft": False,
    }


def listener(event):
    global heard
    heard += 1


def publish(kind, identifier, data):
    row = (kind, identifier, time.time(), json.dumps(data))
    inserted = db.execute("INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?)", row).rowcount
    db.commit()
    if inserted == 1:
        listener(row)


def per_second(first, last):
    began = time.perf_counter()
    for n in range(first, last):
        publish(*draft(n))
    return (last - first) / (time.perf_counter() - began)


def steady():
    took = []
    began = time.perf_counter()
    for n in range(rate * seconds):
        time.sleep(max(0, began + n / rate - time.perf_counter()))
        sent = time.perf_counter()
        publish(*draft(events + n))
        took.append(1000 * (time.perf_counter() - sent))
    reached = len(took) / (time.perf_counter() - began)
    took.sort()
    return {"rate": rate, "reached": reached, "p50": took[len(took) // 2], "p99": took[len(took) * 99 // 100]}


def anonymous():
    with open("/proc/self/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("RssAnon"))


accepted = per_second(0, events)
duplicates = per_second(0, events)
waits = [steady()]
if heard != events + rate * seconds:
    sys.exit(f"{events + rate * seconds} events, but {heard} deliveries")
print(json.dumps({
    "accepted": accepted,
    "duplicates": duplicates,
    "delivered": accepted,
    "memory": anonymous(),
    "waits": waits,
}))

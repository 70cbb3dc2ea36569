"""Entries as hosts write them."""
import json


def link(peer, state="up", is_open=False, hiding="hidden", late_us=120):
    return {"peer": peer, "state": state, "open": is_open, "hiding": hiding, "late_p99_us": late_us}


def state(host, links=(), time=1000, agent="running", problems=(), **more):
    """The text of cuttle/state/HOST."""
    fields = {"version": 1, "host": host, "time": time, "agent": agent, "links": links, "problems": problems}
    return json.dumps(dict(fields, **more))


def peer(host, **more):
    """The text of cuttle/peer/HOST."""
    return json.dumps(dict({"version": 1, "host": host}, **more))


def mesh(hosts, time=1000, **instead):
    """The entries of hosts that all have links with each other; `instead` replaces the state of one."""
    dump = {"cuttle/mesh": '{"version": 1}'}
    for host in hosts:
        dump["cuttle/peer/" + host] = peer(host)
        links = [link(other) for other in hosts if other != host]
        dump["cuttle/state/" + host] = instead.get(host) or state(host, links, time)
    return dump


KEY_CHANGED = {
    "code": "CUTTLE_KEY_CHANGED",
    "host": "osd1",
    "text": "its entry has another key",
    "fix": "cuttle mesh accept osd1",
}

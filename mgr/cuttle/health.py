"""From what hosts publish to health checks: what is wrong, how much of it, and what to do.

Pure: entries and ages in, a verdict out. A link has two ends, which both report it; it is counted once.
"""
from typing import Any, Dict, FrozenSet, List, NamedTuple, Optional, Set, Tuple

from .entries import IN, NO_ENTRY, REVOKED_WORD, Bad, Link, Report, Store
from .watch import Age, Watch

LINK_DOWN = "CUTTLE_LINK_DOWN"
LINK_OPEN = "CUTTLE_LINK_OPEN"
LATE = "CUTTLE_LATE"
HOST_SILENT = "CUTTLE_HOST_SILENT"
KEY_CHANGED = "CUTTLE_KEY_CHANGED"
PROBLEM = "CUTTLE_PROBLEM"
BAD_ENTRY = "CUTTLE_BAD_ENTRY"
UNREADABLE = "CUTTLE_UNREADABLE"
CODES = (LINK_DOWN, LINK_OPEN, LATE, HOST_SILENT, KEY_CHANGED, PROBLEM, BAD_ENTRY, UNREADABLE)

MOST_LINES = 50  # of one check's details


class Settings(NamedTuple):
    """In seconds."""

    silent_after: float = 90
    down_after: float = 30
    open_after: float = 60
    late_after: float = 900


class Check(NamedTuple):
    summary: str
    count: int
    detail: List[str]


class Host(NamedTuple):
    name: str
    entry: str  # IN, LEFT, REVOKED_WORD or NO_ENTRY
    report: Optional[Report]
    age: Age
    is_silent: bool

    @property
    def counts(self) -> bool:
        """Whether what it reports is of now, and of the mesh."""
        return self.report is not None and not self.is_silent and self.entry in (IN, NO_ENTRY)


class Verdict(NamedTuple):
    hosts: Dict[str, Host]
    checks: Dict[str, Check]
    bad: List[Bad]


class _Pair:
    """One link as its ends report it."""

    def __init__(self) -> None:
        self.says = {}  # type: Dict[str, Link]

    @property
    def is_down(self) -> bool:
        return any(link.state != "up" for link in self.says.values())

    @property
    def is_open(self) -> bool:
        return any(link.is_open for link in self.says.values())


Pairs = Dict[Tuple[str, str], _Pair]


def judge(store: Store, watch: Watch, settings: Settings) -> Verdict:
    """One reading. The caller has begun it on `watch`; it is ended here."""
    hosts = _hosts(store, watch, settings)
    pairs = _pairs(hosts)
    checks = {}  # type: Dict[str, Check]
    stopped = _stopped(hosts, watch, settings)
    down = {
        ends
        for ends, pair in pairs.items()
        if pair.is_down and watch.held(("down", ends)) >= settings.down_after
    }
    _add(checks, LINK_DOWN, *_down(pairs, down, stopped, hosts))
    _add(checks, LINK_OPEN, *_open(pairs, watch, settings))
    _add(checks, LATE, *_late(hosts, watch, settings))
    _add(checks, HOST_SILENT, *_silent(hosts))
    for code, summary, count, lines in _told(hosts):
        _add(checks, code, summary, count, lines)
    lines = ["%s: %s. To do: %s" % bad for bad in store.bad]
    _add(
        checks,
        BAD_ENTRY,
        _many(len(lines), "entry below cuttle/ cannot be used", "entries below cuttle/ cannot be used"),
        len(lines),
        lines,
    )
    watch.end_reading(dict(hosts))
    return Verdict(hosts, checks, store.bad)


def unreadable(why: str, what_to_do: str) -> Dict[str, Check]:
    return {
        UNREADABLE: Check(
            "the manager cannot read what hosts report of their links",
            1,
            ["%s. To do: %s" % (why, what_to_do)],
        )
    }


def for_ceph(checks: Dict[str, Check], muted: FrozenSet[str]) -> Dict[str, Dict[str, Any]]:
    """As MgrModule.set_health_checks takes them. Everything warns: whether Ceph serves its data Ceph says itself."""
    return {
        code: {"severity": "warning", "summary": check.summary, "count": check.count, "detail": check.detail}
        for code, check in checks.items()
        if code not in muted
    }


def _add(checks: Dict[str, Check], code: str, summary: str, count: int, lines: List[str]) -> None:
    if count == 0:
        return
    if len(lines) > MOST_LINES:
        more = len(lines) - MOST_LINES + 1
        lines = lines[: MOST_LINES - 1] + ["and %d more (ceph cuttle status)" % more]
    checks[code] = Check(summary, count, lines)


def _many(count: int, one: str, several: str) -> str:
    return "%d %s" % (count, one if count == 1 else several)


def names(hosts: List[str], most: int = 3) -> str:
    """mon, osd0, osd1 and 17 more"""
    if len(hosts) <= most + 1:
        return ", ".join(hosts)
    return "%s and %d more" % (", ".join(hosts[:most]), len(hosts) - most)


def lasting(seconds: float) -> str:
    whole = int(seconds)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if whole >= 2 * size:
            return "%d %s" % (whole // size, unit)
    return "%d s" % whole


def _hosts(store: Store, watch: Watch, settings: Settings) -> Dict[str, Host]:
    hosts = {}
    for name in sorted(set(store.reports) | set(store.members)):
        report = store.reports.get(name)
        age = watch.age(name, None if report is None else report.mark)
        entry = store.members.get(name, NO_ENTRY)
        hosts[name] = Host(name, entry, report, age, age.seconds >= settings.silent_after)
    return hosts


def _pairs(hosts: Dict[str, Host]) -> Pairs:
    pairs = {}  # type: Pairs
    for host in hosts.values():
        if not host.counts or host.report is None:
            continue
        for link in host.report.links:
            # Who says that it left counts on: whoever has its keyring can say so. Once it has proved it, there is no link.
            peer = hosts.get(link.peer)
            if peer is not None and peer.entry == REVOKED_WORD:
                continue
            ends = (min(host.name, link.peer), max(host.name, link.peer))
            says = pairs.setdefault(ends, _Pair()).says
            if host.name not in says or says[host.name].state == "up":  # of two to one peer the worse
                says[host.name] = link
    return pairs


def _stopped(hosts: Dict[str, Host], watch: Watch, settings: Settings) -> Dict[str, str]:
    """Hosts whose agent does not run, with what it does instead."""
    return {
        host.name: host.report.agent
        for host in hosts.values()
        if host.counts
        and host.report is not None
        and host.report.agent != "running"
        and watch.held(("stopped", host.name)) >= settings.down_after
    }


def _down(
    pairs: Pairs, down: Set[Tuple[str, str]], stopped: Dict[str, str], hosts: Dict[str, Host]
) -> Tuple[str, int, List[str]]:
    links_of = {}  # type: Dict[str, List[Tuple[str, str]]]
    for ends in pairs:
        for end in ends:
            links_of.setdefault(end, []).append(ends)
    lines = []
    explained = set()  # type: Set[Tuple[str, str]]
    for host, agent in stopped.items():
        mine = links_of.get(host, [])
        explained.update(mine)
        what = "its link carries" if len(mine) == 1 else "none of its %d links carries" % len(mine)
        lines.append(
            "%s: its agent is %s; %s anything. To do there: systemctl status 'cuttle@*'"
            % (host, agent, what if mine else "no link of its carries")
        )
    # One line for a host that is away instead of one for each of its links.
    for host in sorted(links_of):
        mine = links_of[host]
        if host in stopped or len(mine) < 2 or not all(ends in down for ends in mine):
            continue
        if all(ends in explained for ends in mine):
            continue
        explained.update(mine)
        silent = ", and it reports nothing" if host in hosts and hosts[host].is_silent else ""
        lines.append(
            "%s: none of its %d links is up%s. To do there: cuttle doctor" % (host, len(mine), silent)
        )
    for ends in sorted(down - explained):
        says = ", ".join(
            "%s as %s sees it" % (link.state, host) for host, link in sorted(pairs[ends].says.items())
        )
        lines.append("%s - %s: %s. To do, on both: cuttle doctor" % (ends[0], ends[1], says))
    parts = [_many(len(down), "link is down", "links are down")] if down else []
    if stopped:
        parts.append(_many(len(stopped), "host's agent does not run", "hosts' agents do not run"))
    return ", ".join(parts), len(down) + len(stopped), lines


def _open(pairs: Pairs, watch: Watch, settings: Settings) -> Tuple[str, int, List[str]]:
    lines = []
    for ends, pair in sorted(pairs.items()):
        if not pair.is_open or watch.held(("open", ends)) < settings.open_after:
            continue
        who = " and ".join(host for host, link in sorted(pair.says.items()) if link.is_open)
        lines.append(
            "%s - %s: traffic passes beside the link, unshaped (%s); it is joining and has not been up since. "
            'To do there: cuttle doctor; then docs/ceph.md, "Close the door for good"'
            % (ends[0], ends[1], who)
        )
    summary = _many(
        len(lines), "link is open: traffic passes beside it", "links are open: traffic passes beside them"
    )
    return summary, len(lines), lines


def _late(hosts: Dict[str, Host], watch: Watch, settings: Settings) -> Tuple[str, int, List[str]]:
    lines = []
    count = 0
    for host in hosts.values():
        if not host.counts or host.report is None:
            continue
        late = [
            link
            for link in host.report.links
            if link.state == "up"
            and link.hiding == "tells"
            and watch.held(("late", host.name, link.peer)) >= settings.late_after
        ]
        if not late:
            continue
        count += len(late)
        worst = max(link.late_p99_us for link in late)
        lines.append(
            "%s: the timing of its links to %s tells how busy it is (99 of 100 trains at most %d us late). "
            "To do there: cuttle doctor; docs/timing.md"
            % (host.name, names([link.peer for link in late]), worst)
        )
    return (
        _many(count, "link's timing tells how busy a host is", "links' timing tells how busy hosts are"),
        count,
        lines,
    )


def _silent(hosts: Dict[str, Host]) -> Tuple[str, int, List[str]]:
    lines = []
    for host in hosts.values():
        # Without an entry it is none of the mesh: what it once said is left over.
        if not host.is_silent or host.entry != IN:
            continue
        said = "has never reported" if host.report is None else "has reported nothing new"
        least = "" if host.age.is_exact else "at least "
        lines.append(
            "%s: %s for %s%s. To do there: systemctl status 'cuttle-mesh*'; if the host is gone for good: cuttle mesh revoke %s"
            % (host.name, said, least, lasting(host.age.seconds), host.name)
        )
    return (
        _many(len(lines), "host does not report its links", "hosts do not report their links"),
        len(lines),
        lines,
    )


def _told(hosts: Dict[str, Host]) -> List[Tuple[str, str, int, List[str]]]:
    """The problems that hosts see: a line for each, with who sees it."""
    seen_by = {}  # type: Dict[Tuple[str, str, str, str], List[str]]
    for host in hosts.values():
        if host.counts and host.report is not None:
            for problem in set(host.report.problems):
                seen_by.setdefault(tuple(problem), []).append(host.name)  # type: ignore[arg-type]
    lines = {KEY_CHANGED: [], PROBLEM: []}  # type: Dict[str, List[str]]
    about = set()
    for (code, host, text, fix), seers in sorted(seen_by.items()):
        line = "%s%s says: %s" % (host + ": " if host else "", names(sorted(seers)), text or "nothing more")
        line += ". To do, once you know why: " + fix if fix else ". To do there: cuttle mesh status"
        if code == KEY_CHANGED:
            about.add(host)
            lines[KEY_CHANGED].append(line)
        else:
            lines[PROBLEM].append("%s, %s" % (code, line))
    keys = _many(
        len(about),
        "host publishes another key than the one known",
        "hosts publish other keys than those known",
    )
    others = _many(len(lines[PROBLEM]), "problem that hosts report", "problems that hosts report")
    return [
        (KEY_CHANGED, keys, len(about), lines[KEY_CHANGED]),
        (PROBLEM, others, len(lines[PROBLEM]), lines[PROBLEM]),
    ]

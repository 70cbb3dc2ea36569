"""What `ceph cuttle status` prints."""
import json
from typing import Any, Dict, FrozenSet, List, Optional

from .entries import HIDINGS
from .health import Check, Host, Verdict, lasting

FORMATS = ("plain", "json", "json-pretty")


def table(verdict: Verdict, muted: FrozenSet[str], read_s: Optional[float], remarks: List[str]) -> str:
    lines = _rows([_row(host) for host in verdict.hosts.values()]) if verdict.hosts else []
    if not lines and not verdict.checks:
        lines = ["No host has an entry here; hosts come by 'cuttle join'."]
    for code, check in sorted(verdict.checks.items()):
        lines.append("")
        lines.append("%s: %s%s" % (code, check.summary, " (muted)" if code in muted else ""))
        lines.extend("    " + line for line in check.detail)
    lines.append("")
    lines.extend("Option " + remark for remark in remarks)
    lines.append("Read %s." % ("%s ago" % lasting(read_s) if read_s is not None else "not at all yet"))
    return "\n".join(lines) + "\n"


def of_host(host: Host) -> str:
    """One host's links."""
    if host.report is None:
        return "%s (%s) has reported nothing yet.\n" % (host.name, host.entry)
    rows = [("PEER", "STATE", "OPEN", "LATE P99", "TIMING")]
    for link in sorted(host.report.links, key=lambda link: (link.peer, link.state)):
        rows.append(
            (
                link.peer,
                link.state,
                _yes(link.is_open),
                _late(link.late_p99_us),
                link.hiding or "not known yet",
            )
        )
    head = "%s: entry %s, agent %s, report %s" % (host.name, host.entry, host.report.agent, _age(host))
    return "\n".join([head] + _aligned(rows)) + "\n"


def as_json(
    verdict: Verdict, muted: FrozenSet[str], read_s: Optional[float], hosts: List[Host], pretty: bool
) -> str:
    out = {
        "read_s_ago": None if read_s is None else round(read_s, 1),
        "hosts": [_host_fields(host) for host in hosts],
        "checks": {code: _check_fields(check, code in muted) for code, check in verdict.checks.items()},
        "bad_entries": [bad._asdict() for bad in verdict.bad],
    }
    return json.dumps(out, indent=4 if pretty else None) + "\n"


def _host_fields(host: Host) -> Dict[str, Any]:
    fields = {
        "host": host.name,
        "entry": host.entry,
        "silent": host.is_silent,
        "report_s_old": round(host.age.seconds, 1),
        "report_age_exact": host.age.is_exact,
        "agent": None,
        "links": [],
        "problems": [],
    }  # type: Dict[str, Any]
    if host.report is not None:
        fields["agent"] = host.report.agent
        fields["links"] = [
            {
                "peer": link.peer,
                "state": link.state,
                "open": link.is_open,
                "hiding": link.hiding,
                "late_p99_us": link.late_p99_us,
            }
            for link in host.report.links
        ]
        fields["problems"] = [problem._asdict() for problem in host.report.problems]
    return fields


def _check_fields(check: Check, is_muted: bool) -> Dict[str, Any]:
    return dict(check._asdict(), muted=is_muted)


HEAD = ("HOST", "ENTRY", "AGENT", "UP", "OPEN", "LATE P99", "TIMING", "REPORT")


def _row(host: Host) -> tuple:
    report = host.report
    if report is None:
        return (host.name, host.entry, "-", "-", "-", "-", "-", "none yet")
    up = sum(link.state == "up" for link in report.links)
    late = max((link.late_p99_us for link in report.links), default=0)
    timing = max((HIDINGS.index(link.hiding) for link in report.links if link.hiding), default=None)
    return (
        host.name,
        host.entry,
        report.agent,
        "%d of %d" % (up, len(report.links)),
        str(sum(link.is_open for link in report.links)),
        _late(late),
        "-" if timing is None else HIDINGS[timing],
        _age(host),
    )


def _age(host: Host) -> str:
    if host.age.is_exact:
        return lasting(host.age.seconds) + (" ago, SILENT" if host.is_silent else " ago")
    return "over %s ago%s" % (lasting(host.age.seconds), ", SILENT" if host.is_silent else "")


def _yes(is_so: bool) -> str:
    return "OPEN" if is_so else "-"


def _late(us: float) -> str:
    return "%d us" % us if us < 10000 else "%d ms" % (us / 1000)


def _rows(rows: List[tuple]) -> List[str]:
    return _aligned([HEAD] + rows)


def _aligned(rows: List[tuple]) -> List[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]

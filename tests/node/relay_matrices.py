"""Traffic matrices over agents in namespaces: UDP at given rates between all hosts, and what of it comes.

relay_matrices.py host ADDRESS BEGIN SECONDS PEER=BPS...   one host; prints what it sent and got, by tenths of a second
relay_matrices.py run NET NODES MATRICES R_BPS [KILL_PID AFTER_S NODE]   all of them, a matrix after the other
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time

PORT = 7009
FLOWS = 4
PACKET = bytes(1200)
ON_WIRE = 1228  # with its headers
WARM_UP_S = 1.5
MEASURED_S = 2.0
START_S = 0.7  # until all hosts are there
BUSY_S = 0.08  # a host that stood still for longer sent something else than was drawn
TRIES = 5  # of a matrix, on a machine that is busy with something else


def host(address, begin, seconds, rates):
    got, sent = {}, {}
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    receiver.bind((address, PORT))
    senders = []
    for _ in range(FLOWS):
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.bind((address, 0))
        one.setblocking(False)
        senders.append(one)
    busy = time.time() - begin
    time.sleep(max(-busy, 0))
    began = time.time()
    due = [[began + random.random() * ON_WIRE * 8 / bps, peer, ON_WIRE * 8 / bps] for peer, bps in rates.items()]
    turn = 0
    while (now := time.time()) < began + seconds:
        for one in due:
            busy = max(busy, now - one[0])
            while one[0] <= now:
                one[0] += one[2]
                turn += 1
                try:
                    senders[turn % FLOWS].sendto(PACKET, (one[1], PORT))
                    tenth = int(now * 10)
                    sent.setdefault(one[1], {}).setdefault(tenth, 0)
                    sent[one[1]][tenth] += ON_WIRE
                except OSError:
                    pass
        wait = min([one[0] for one in due], default=now + 0.01) - time.time()
        receiver.settimeout(max(min(wait, 0.01), 0.0002))
        try:
            while True:
                _, source = receiver.recvfrom(2048)
                tenth = int(time.time() * 10)
                got.setdefault(source[0], {}).setdefault(tenth, 0)
                got[source[0]][tenth] += ON_WIRE
                receiver.settimeout(0)
        except (TimeoutError, BlockingIOError):
            pass
    print(json.dumps({"sent": sent, "got": got, "busy": busy}))


def draw(random_, nodes, permutations):
    """No node sends or receives more than 1, and one sends that much; none sends to itself."""
    matrix = [[0.0] * nodes for _ in range(nodes)]
    weights = [random_.random() for _ in range(permutations)]
    for weight in weights:
        order = list(range(nodes))
        while any(i == to for i, to in enumerate(order)):
            random_.shuffle(order)
        for i, to in enumerate(order):
            matrix[i][to] += weight / sum(weights)
    return matrix


def address(node):
    return f"10.97.0.{node + 1}"


def total(by_pair, since, until, lives):
    return sum(
        n for (a, b), tenths in by_pair.items() if lives(a) and lives(b) for t, n in tenths.items() if since <= t < until
    )


def count_sessions(nodes):
    """Of all; a link carries nothing for a moment while its keys change, relays or not."""
    count = 0
    for i in range(nodes):
        command = [os.environ["CUTTLE"], "status", "--json", "--socket", f"{os.environ['WORK']}/n{i}.sock"]
        status = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
        count += sum(link["handshakes"] for link in status["links"])
    return count


def carry(net, nodes, matrix, r_bps, seconds, kill=None):
    """Bytes by pair and tenth of a second, sent and got, when the warm-up was over, and how long a host stood still."""
    processes = []
    began = time.time() + START_S
    for i in range(nodes):
        rates = [f"{address(j)}={matrix[i][j] * r_bps}" for j in range(nodes) if matrix[i][j] > 0.002]
        command = ["ip", "netns", "exec", f"{net}-n{i}", sys.executable, __file__, "host", address(i), str(began), str(seconds)]
        processes.append(subprocess.Popen(command + rates, stdout=subprocess.PIPE, text=True))
    if kill:
        time.sleep(START_S + WARM_UP_S + kill[1])
        os.kill(kill[0], signal.SIGKILL)
        kill[1] = time.time()
    sent, got, busy = {}, {}, 0
    for i, process in enumerate(processes):
        said = json.loads(process.communicate(timeout=seconds + 30)[0])
        busy = max(busy, said["busy"])
        for peer, tenths in said["sent"].items():
            sent[i, int(peer.split(".")[3]) - 1] = {int(t): n for t, n in tenths.items()}
        for peer, tenths in said["got"].items():
            got[int(peer.split(".")[3]) - 1, i] = {int(t): n for t, n in tenths.items()}
    return sent, got, int((began + WARM_UP_S) * 10), busy


def run(net, nodes, matrices, r_bps, kill):
    random_ = random.Random(1)
    worst = 1.0
    sessions = 0 if kill else count_sessions(nodes)
    for number in range(matrices):
        permutations = 1 if number % 4 == 0 else 1 + random_.randrange(20)
        matrix = draw(random_, nodes, permutations)
        seconds = WARM_UP_S + MEASURED_S + 0.5 + (5 if kill else 0)
        for _ in range(TRIES):
            sent, got, began, busy = carry(net, nodes, matrix, r_bps, seconds, kill)
            sessions_before, sessions = sessions, sessions if kill else count_sessions(nodes)
            if kill or (busy < BUSY_S and sessions == sessions_before):
                break
            why = f"a host stood still for {busy * 1000:.0f} ms" if busy >= BUSY_S else "keys changed"
            print(f"  matrix {number}: {why}; once more", file=sys.stderr)
        if kill:
            dead, died = kill[2], int(kill[1] * 10)
            lives = lambda node: node != dead
            parts = [
                round(total(got, died + t, died + t + 5, lives) / max(total(sent, died + t, died + t + 5, lives), 1), 3)
                for t in range(-5, 40, 5)
            ]
            print(json.dumps({"by_half_second": parts}))
            return
        until = began + int(MEASURED_S * 10)
        part = total(got, began, until, lambda _: True) / total(sent, began, until, lambda _: True)
        worst = min(worst, part)
        print(f"  matrix {number}, {permutations} permutations: {part:.4f}", file=sys.stderr)
    print(json.dumps({"worst": worst}))


if __name__ == "__main__":
    if sys.argv[1] == "host":
        rates = {peer: float(bps) for peer, bps in (one.split("=") for one in sys.argv[5:])}
        host(sys.argv[2], float(sys.argv[3]), float(sys.argv[4]), rates)
    else:
        to_kill = [int(sys.argv[6]), float(sys.argv[7]), int(sys.argv[8])] if len(sys.argv) > 6 else None
        run(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]), to_kill)

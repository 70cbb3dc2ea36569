# shellcheck shell=bash
# What Seastar's own Prometheus endpoint of an agent says, which was started with --metrics 127.0.0.1:9180. After
# harness.sh.

# metric NAME [LABEL]: the sum over shards and labels; with LABEL, as shard="1", of those that have it.
metric() {
  awk -v name="seastar_$1" -v label="${2:-}" \
    'index($1, name "{") == 1 && (label == "" || index($0, label)) { sum += $NF } END { print sum + 0 }' "$WORK/metrics"
}
fetch_metrics() { # NODE
  in_space "$1" timeout 10 bash -c 'exec 3<>/dev/tcp/127.0.0.1/9180
    printf "GET /metrics HTTP/1.0\r\n\r\n" >&3; cat <&3' >"$WORK/metrics" 2>/dev/null
}

# shellcheck shell=bash
# What the cluster is given to do meanwhile, and a stream of numbered datagrams beside it: nothing above UDP would
# hide one that is delivered twice.

start_load() {
  local node
  in_background objects nsenter --net="/run/netns/$(namespace mon)" -- "$TOOLS/objects" --conf "$STATE/ceph.conf" \
    --pool "$POOL" --seed "$SEED" --seconds $((MINUTES * 60 + 3600)) --threads 4 --objects 24
  for node in osd0 osd1; do
    in_background "received-$node" nsenter --net="/run/netns/$(namespace "$node")" -- "$TOOLS/sequence" receive \
      --wait-ms 60000 --quiet-ms 3600000
    in_background "sent-$node" nsenter --net="/run/netns/$(namespace mon)" -- "$TOOLS/sequence" send \
      --to "${ADDRESS[$node]}" --pps 200 --seconds $((MINUTES * 60 + 3600))
  done
}

end_load() {
  local node
  wait_for 60 "every link of every agent up" links_up
  for node in osd0 osd1; do
    end_ours "sent-$node"
  done
  sleep 2
  for node in osd0 osd1; do
    end_ours "received-$node"
  done
  kill -TERM "$(our_pid objects)"
  wait_for 300 "the load to check itself" has_ended objects
  rm "$SOAK/objects.pid"
  [[ -s $SOAK/objects.out ]]
}

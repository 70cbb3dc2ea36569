# shellcheck shell=bash
# Part of try.sh: an agent whose configuration asks for the driver seastar finds it, runs on it, and ends.
OTHER_PAGES+=(cuttle-seastar.1)

try_cuttle_seastar() {
  inside cuttle-seastar --version
  # shellcheck disable=SC2154  # of try.sh
  mkdir -p "$root/dev/net"
  mknod "$root/dev/net/tun" c 10 200
  # shellcheck disable=SC2016  # expands inside
  inside unshare --net bash -euc '
    mkdir -p /tmp/node /run/cuttle
    cuttle genkey >/tmp/node/try.key
    chmod 600 /tmp/node/try.key
    # Loopback alone: its only peer is not there.
    printf "[node]\nname = \"try\"\nprivate_key_file = \"try.key\"\nlisten = \"127.0.0.1:4410\"\ncontrol_socket = \"/tmp/node/try.sock\"\n[runtime]\ndriver = \"seastar\"\n[[peer]]\nname = \"peer\"\npublic_key = \"%s\"\nendpoint = \"127.0.0.2:4410\"\nredirect = [\"10.9.9.9\"]\n" \
      "$(cuttle genkey | cuttle pubkey)" >/tmp/node/try.toml
    # Loopback up (SIOCSIFFLAGS): there is no ip(8) here.
    perl -e "socket(S, 2, 2, 0) && ioctl(S, 0x8914, \$_ = pack(q(a16sx22), q(lo), 1)) or die \$!"
    cuttle up --config /tmp/node/try.toml >/tmp/node/log 2>&1 &
    agent=$!
    for ((i = 0; i < 100; ++i)); do
      ! cuttle status --socket /tmp/node/try.sock --json >/tmp/node/status 2>/dev/null || break
      sleep 0.1
    done
    grep -q "\"driver\": *\"seastar\"" /tmp/node/status || { cat /tmp/node/log; exit 1; }
    tr "\0" " " <"/proc/$agent/cmdline" | grep -q "^/usr/bin/cuttle-seastar " || exit 1
    kill "$agent"
    wait "$agent"
    cuttle down --config /tmp/node/try.toml
    rm -r /tmp/node' || fail "cuttle up does not run on the driver seastar"
  echo "runtime.driver = \"seastar\" finds cuttle-seastar, runs on it, and ends"
}

# shellcheck shell=bash
# shellcheck disable=SC2034  # other parts read these
# What the experiment is made of, and what a user can change.
AUDIT=$OUT/audit
TOOL=$CUTTLE_ROOT/build/release/src/audit/cuttle-audit
REPORT=$CUTTLE_ROOT/build/release/src/audit/cuttle-audit-report
export STEP_LOG=$AUDIT/audit.log

declare -A AUDIT_ADDRESS=([mon]=10.77.0.10 [osd0]=10.77.0.11 [osd1]=10.77.0.12)
NODES=(mon osd0 osd1)
PORT=4410
CELL=1472
POOL=bench
MAIN_LOAD=write-4m # what is told apart from idleness behind every observer; the others behind two
BLOCK_SECONDS=24   # of each span: so many one-second windows
PLAIN_BLOCK_SECONDS=8
PLAIN_SECONDS=150    # the plain cluster is told apart with few windows
ANALYSIS_SECONDS=270 # kept free for the attackers at the end
LEAST_ROUNDS=4       # so many blocks of idleness and of load at least, whatever the time

MINUTES=35
# The product's default shape, unless one is asked for.
RATE=200Mb/s
LADDER=
SLOT=
JITTER=
SCATTER=no
POLL_BEFORE=
RELEASE=
ONE_OSD=no
DRIVER=native
SEED=1
KEEP_CAPTURES=no

read_options() {
  while (($# > 0)); do
    case $1 in
      --minutes | --rate | --ladder | --slot | --jitter | --poll-before | --release | --driver | --seed)
        (($# >= 2)) || DIE_STATUS=2 die "$1 needs a value"
        [[ $1 != --minutes && $1 != --seed || $2 =~ ^[0-9]{1,4}$ ]] || DIE_STATUS=2 die "$1: '$2' is not a whole number"
        local name=${1#--}
        name=${name//-/_}
        printf -v "${name^^}" '%s' "$2"
        shift 2
        ;;
      --scatter)
        SCATTER=yes
        shift
        ;;
      --one-osd)
        ONE_OSD=yes
        shift
        ;;
      --keep-captures)
        KEEP_CAPTURES=yes
        shift
        ;;
      *) DIE_STATUS=2 die "no option '$1' for 'audit'; there are --minutes M, --rate R, --ladder R, --slot S, --jitter P, --scatter, --poll-before D, --release queue|thread, --driver native|seastar, --one-osd, --seed N, --keep-captures" ;;
    esac
  done
  ((MINUTES >= 10)) || DIE_STATUS=2 die "--minutes: at least 10; 25 are needed for a verdict"
  check_driver "$DRIVER"
  [[ $ONE_OSD == no ]] || NODES=(mon osd0)
  local node
  NODE_LIST=
  for node in "${NODES[@]}"; do NODE_LIST+=${NODE_LIST:+,}$node=${AUDIT_ADDRESS[$node]}; done
}

write_settings() {
  jq --null-input --arg rate "$RATE" --arg ladder "${LADDER:-none}" --arg slot "${SLOT:-default}" --arg jitter "${JITTER:-default}" --arg scatter "$SCATTER" \
    --arg release "${RELEASE:-auto}" --arg driver "$DRIVER" --arg osds "$((${#NODES[@]} - 1))" --arg minutes "$MINUTES" \
    --arg seed "$SEED" --arg kernel "$(uname -r)" --arg cores "$(nproc)" \
    '{rate: $rate, ladder: $ladder, slot: $slot, "jitter (%)": $jitter, scatter: $scatter, release: $release, driver: $driver, OSDs: $osds, minutes: $minutes, seed: $seed, kernel: $kernel, cores: $cores}' \
    >"$AUDIT/settings.json"
}

describe_audit() {
  say ""
  say "An audit of $MINUTES minutes: $RATE a link, slots of ${SLOT:-the default}, jitter ${JITTER:-as by default}, scatter $SCATTER, release ${RELEASE:-auto}, driver $DRIVER; logs in out/audit"
}

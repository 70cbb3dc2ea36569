# shellcheck shell=bash
# shellcheck disable=SC2034  # other parts read these
# What the lab is made of: names, addresses, defaults. Everything a lab has is derived from its name.
LAB_NAME=cuttle
LAB_PLAIN=no
LAB_ONE_OSD=no
LAB_RATE=200Mb/s
# Empty: the agent's own defaults.
LAB_LADDER=
LAB_SLOT=
LAB_JITTER=
LAB_SCATTER=
LAB_POLL_BEFORE=
LAB_RELEASE=
LAB_CELL=1472
LAB_DRIVER=native

PORT=4410 # UDP port of the agents
OSD_BYTES=$((8 << 30)) # of each OSD's sparse file: room for a minute of unlimited writes, whose deletion lags behind
POOL=bench # the pool with an object's two copies (one with --one-osd)
PLACEMENT_GROUPS=32

declare -A ADDRESS=([mon]=10.77.0.10 [osd0]=10.77.0.11 [osd1]=10.77.0.12)

# After the options are known.
derive_settings() {
  STATE=$(lab_state "$LAB_NAME")
  STEP_LOG=$STATE/lab.log
  NODES=(mon osd0)
  OSDS=(0)
  COPIES=1
  if [[ $LAB_ONE_OSD == no ]]; then
    NODES+=(osd1)
    OSDS+=(1)
    COPIES=2
  fi
  CUTTLE=${CUTTLE:-$CUTTLE_ROOT/build/release/src/cuttle/cuttle}
  DRIVER_OPTIONS=()
  if [[ $LAB_DRIVER == seastar ]]; then
    CUTTLE_SEASTAR_PROGRAM=${CUTTLE_SEASTAR_PROGRAM:-$CUTTLE_ROOT/build/seastar/src/seastar/cuttle-seastar}
    DRIVER_OPTIONS=(--driver seastar --driver-program "$CUTTLE_SEASTAR_PROGRAM")
  fi
}

namespace() { echo "$LAB_NAME-$1"; }

SETTINGS=(plain one_osd rate ladder slot jitter scatter poll_before release cell driver) # each is LAB_ and its name in capitals

# What `up` was asked for, in one line: the same line again means there is nothing to do.
settings_line() {
  local setting name line=
  for setting in "${SETTINGS[@]}"; do
    name=LAB_${setting^^}
    line+="${line:+ }$setting=${!name}"
  done
  echo "$line"
}

# The settings of the lab that is up, for the words that only look at it.
recall_settings() {
  local line setting name
  line=$(cat "$STATE/settings" 2>/dev/null) || return 0
  for setting in $line; do
    name=${setting%%=*}
    # A name that is no setting could be anything, an expression that runs a command included.
    [[ " ${SETTINGS[*]} " != *" $name "* ]] || printf -v "LAB_${name^^}" '%s' "${setting#*=}"
  done
  derive_settings
}

# shellcheck shell=bash
# shellcheck disable=SC2034  # other parts read these
# The lab's command line. Values are checked here for their form; what a rate and a slot have to do with each
# other is the agent's business (`cuttle check`).
SH_NODE=
SH_COMMAND=()

bad_option() { DIE_STATUS=2 die "$*"; }

# option_value OPTION FORM EXAMPLE VALUE
option_value() {
  [[ -n ${4:-} && $4 =~ ^($2)$ ]] || bad_option "$1 '${4:-}': expected something like $3"
}

parse_options() {
  local word=$1
  shift
  while (($# > 0)); do
    case $1 in
      --plain) LAB_PLAIN=yes ;;
      --one-osd) LAB_ONE_OSD=yes ;;
      --name) option_value "$1" '[a-z][a-z0-9-]{0,30}' cuttle "${2:-}" && LAB_NAME=$2 && shift ;;
      --rate) option_value "$1" '[0-9.]+ ?[kMG]?b(it)?/s' '200 Mb/s' "${2:-}" && LAB_RATE=${2// /} && shift ;;
      --ladder) option_value "$1" '[0-9.]+ ?[kMG]?b(it)?/s' '100 Mb/s' "${2:-}" && LAB_LADDER=${2// /} && shift ;;
      --slot) option_value "$1" '[0-9.]+ ?(ns|us|ms)' '500 us' "${2:-}" && LAB_SLOT=${2// /} && shift ;;
      --jitter) option_value "$1" '[0-9]+%?' 10 "${2:-}" && LAB_JITTER=${2%\%} && shift ;;
      --scatter) LAB_SCATTER=true ;;
      --poll-before) option_value "$1" '[0-9.]+ ?(ns|us|ms)' '100 us' "${2:-}" && LAB_POLL_BEFORE=${2// /} && shift ;;
      --release) option_value "$1" 'auto|queue|thread' queue "${2:-}" && LAB_RELEASE=$2 && shift ;;
      --cell) option_value "$1" '[0-9]+' 1472 "${2:-}" && LAB_CELL=$2 && shift ;;
      --driver) option_value "$1" 'native|seastar' native "${2:-}" && LAB_DRIVER=$2 && shift ;;
      --) break ;;
      -*) bad_option "no option '$1' for '$word' (./run lab --help)" ;;
      *)
        [[ $word == sh && -z $SH_NODE ]] || bad_option "'$1' is one word too many for '$word' (./run lab --help)"
        SH_NODE=$1
        ;;
    esac
    shift
  done
  if [[ $word == sh ]]; then
    (($# > 1)) || bad_option "expected: ./run lab sh NODE -- COMMAND"
    shift
    SH_COMMAND=("$@")
  elif (($# > 0)); then
    bad_option "'--' is for 'sh' only"
  fi
  derive_settings
}

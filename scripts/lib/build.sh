# shellcheck shell=bash
# cmake and ninja, into build/FOLDER.

# What one clone or build folder compiled serves every other: paths below the tree are made relative.
export CCACHE_BASEDIR=$CUTTLE_ROOT CCACHE_NOHASHDIR=1

# configure FOLDER CMAKE_ARGUMENTS...: only when it is not configured with these arguments yet; ninja itself
# notices changed CMakeLists.txt afterwards.
configure() {
  local folder=$CUTTLE_ROOT/build/$1 arguments
  shift
  arguments=(-G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo "$@")
  if command -v ccache >/dev/null; then
    arguments+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_C_COMPILER_LAUNCHER=ccache)
  fi
  if [[ -f $folder/build.ninja && $(cat "$folder/.arguments" 2>/dev/null) == "${arguments[*]}" ]]; then
    return 0
  fi
  cmake -S "$CUTTLE_ROOT" -B "$folder" "${arguments[@]}" >"$OUT/configure.log" 2>&1 || {
    tail -n 30 "$OUT/configure.log" >&2
    die "cmake failed; the whole log is in out/configure.log"
  }
  echo "${arguments[*]}" >"$folder/.arguments"
}

# ninja shows how far it is by itself: on a terminal in one line, elsewhere in a line for each tenth.
run_ninja() {
  local folder=$CUTTLE_ROOT/build/$1 log=$OUT/build-$1.log status=0
  shift
  if [[ -t 1 ]]; then
    ninja -C "$folder" "$@"
    return
  fi
  NINJA_STATUS='[%f/%t %es] ' ninja -C "$folder" "$@" >"$log" 2>&1 &
  local ninja_pid=$! shown=
  while kill -0 "$ninja_pid" 2>/dev/null; do
    sleep 1
    local line
    line=$(grep -o '^\[[0-9]*/[0-9]* ' "$log" | tail -n 1 | tr -d '[ ' || true)
    if [[ -n $line && $((${line%/*} * 10 / ${line#*/})) != "$shown" ]]; then
      shown=$((${line%/*} * 10 / ${line#*/}))
      say "  compiled $line"
    fi
  done
  wait "$ninja_pid" || status=$?
  if ((status != 0)); then
    grep -A 40 -m 1 -E '^(FAILED:|ninja: error)' "$log" >&2 || tail -n 40 "$log" >&2
    warn "The whole log is in out/$(basename "$log")"
  fi
  return "$status"
}

# build_release [TARGETS...]
# shellcheck disable=SC2120  # none is meant as all
build_release() {
  local began
  began=$(now_ms)
  heading "Build (build/release)"
  configure release
  run_ninja release "$@"
  say "  built in $(seconds_since "$began") s"
}

# targets_like FOLDER SUFFIX: the programs that end so, one a line.
targets_like() {
  ninja -C "$CUTTLE_ROOT/build/$1" -t targets all |
    sed -n "/^cmake_/d; s/^\\([a-z0-9_]*$2\\): phony\$/\\1/p" | sort -u
}

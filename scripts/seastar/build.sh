# shellcheck shell=bash
# Building cuttle-seastar inside the root (root.sh). Only the libraries that the driver needs are configured.
SEASTAR_BUILD=build/seastar
SEASTAR_FOLDERS=' base wire crypto link ladder relay engine io config control node helper cuttle seastar '

seastar_program() { echo "$CUTTLE_ROOT/$SEASTAR_BUILD/src/seastar/cuttle-seastar"; }

# The folders of src that the driver does not need, as CMake writes lists.
seastar_skipped() {
  local folder
  for folder in src/*/; do
    folder=$(basename "$folder")
    [[ $SEASTAR_FOLDERS == *" $folder "* ]] || echo "$folder"
  done | paste -sd';'
}

# The program is run outside: with the root's loader and, before all others, its libraries (DT_RPATH, which holds
# for the libraries' libraries, too). But what talks to nftables is the machine's: its nft and its `cuttle down` have to
# read what the agent wrote, and an older nft does not survive what a newer one writes.
seastar_link_flags() {
  local libraries=$SEASTAR_ROOT/usr/lib/x86_64-linux-gnu own=$CUTTLE_ROOT/$SEASTAR_BUILD/own-libraries
  echo "-Wl,--dynamic-linker=$SEASTAR_ROOT/lib64/ld-linux-x86-64.so.2 -Wl,--disable-new-dtags,-rpath,$own:$libraries"
}

link_own_libraries() {
  local own=$CUTTLE_ROOT/$SEASTAR_BUILD/own-libraries library
  mkdir -p "$own"
  for library in libnftables.so.1 libnftnl.so.11; do
    [[ ! -e /usr/lib/x86_64-linux-gnu/$library ]] || ln -sf "/usr/lib/x86_64-linux-gnu/$library" "$own/$library"
  done
}

configure_seastar() {
  local arguments folder=$CUTTLE_ROOT/$SEASTAR_BUILD
  arguments=(-G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCUTTLE_SEASTAR=ON -DCUTTLE_TESTS=OFF
    "-DCUTTLE_SKIP=$(seastar_skipped)" "-DCMAKE_EXE_LINKER_FLAGS=$(seastar_link_flags)"
    -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  if [[ -f $folder/build.ninja && $(cat "$folder/.arguments" 2>/dev/null) == "${arguments[*]}" ]]; then
    return 0
  fi
  mkdir -p "$folder"
  in_seastar_root cmake -S "$CUTTLE_ROOT" -B "$folder" "${arguments[@]}" >"$OUT/configure-seastar.log" 2>&1 || {
    tail -n 30 "$OUT/configure-seastar.log" >&2
    die "cmake failed in the root; the whole log is in out/configure-seastar.log"
  }
  echo "${arguments[*]}" >"$folder/.arguments"
}

# shellcheck disable=SC2120  # arguments are for development
compile_seastar() {
  link_own_libraries
  configure_seastar
  in_seastar_root ninja -C "$CUTTLE_ROOT/$SEASTAR_BUILD" "$@" cuttle-seastar cuttle-seastar-faulty
}

# shellcheck shell=bash
# shellcheck disable=SC2154  # run.sh sets programs and corpora
# Which lines of the parsers the inputs reach that were kept and found so far (run ./run fuzz first): clang's source
# coverage, without sanitizers.
# Beginnings of their names.
PARSERS=(src/link/reassembler.cc src/link/receiver.cc src/link/replay_window.hh src/link/segment.cc
  src/link/association src/link/cookie src/wire src/crypto/noise src/config/parse.cc src/config/read_
  src/config/cross_check.cc src/config/toml_reader.cc src/base/units.cc src/control/protocol.cc
  src/control/server.cc src/control/status_json.cc src/capture/parse_packet.cc src/capture/capture_file.cc
  src/base/ip.cc src/base/ports.cc)

llvm_tool() { # NAME
  local tool
  for tool in "$1" "$1-14"; do
    ! command -v "$tool" || return 0
  done
  die "there is no $1; it is in Debian's package llvm"
}

fuzz_coverage() {
  local name objects=() profile
  build_targets fuzz-coverage '-DCMAKE_CXX_FLAGS=-fsanitize=fuzzer-no-link -fprofile-instr-generate -fcoverage-mapping'
  heading "Running every input once"
  rm -f "$OUT"/fuzz/*.profraw
  for name in "${programs[@]}"; do
    corpora "$name"
    say "  $name: $(find "${corpora[@]}" -type f | wc -l) inputs"
    LLVM_PROFILE_FILE=$OUT/fuzz/$name.profraw "build/fuzz-coverage/fuzz/$name" -runs=0 -timeout=10 "${corpora[@]}" \
      >"$OUT/fuzz/$name.coverage.log" 2>&1 || die "$name failed, see out/fuzz/$name.coverage.log"
    ((${#objects[@]} == 0)) || objects+=(-object) # the first program goes without
    objects+=("build/fuzz-coverage/fuzz/$name")
  done
  profile=$OUT/fuzz/all.profdata
  "$(llvm_tool llvm-profdata)" merge -o "$profile" "$OUT"/fuzz/*.profraw
  # The compiler saw the sources by paths relative to the build folder.
  "$(llvm_tool llvm-cov)" export "${objects[@]}" -instr-profile="$profile" -summary-only |
    jq '[.data[0].files[] | {file: (.filename | sub("^.*/(?=src/)"; "")), lines: .summary.lines.count,
      covered: .summary.lines.covered, functions: .summary.functions.count, functions_covered: .summary.functions.covered} |
      select(.file as $file | $ARGS.positional | any(. as $start | $file | startswith($start)))] |
      sort_by(.file)' --args "${PARSERS[@]}" >"$OUT/fuzz/coverage.json"
  heading "Lines reached (out/fuzz/coverage.json)"
  jq -r '(.[] | [.file, .covered, .lines]), ["all", (map(.covered) | add), (map(.lines) | add)] | @tsv' "$OUT/fuzz/coverage.json" |
    awk -F'\t' '$3 > 0 { printf "  %-36s %5d of %5d lines  %5.1f %%\n", $1, $2, $3, 100 * $2 / $3 }'
}

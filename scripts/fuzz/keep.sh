# shellcheck shell=bash
# shellcheck disable=SC2154  # run.sh sets programs and corpora
# Takes into fuzz/corpus what adds coverage, the smallest inputs first; one that nothing would miss does not stay.

fuzz_keep() {
  local name kept
  build_fuzzers
  heading "Keeping what adds coverage"
  for name in "${programs[@]}"; do
    corpora "$name"
    kept=$(mktemp -d "$OUT/fuzz/kept.XXXXXX")
    "build/fuzz/fuzz/$name" -merge=1 -timeout=10 "$kept" "${corpora[@]}" >"$OUT/fuzz/$name.keep.log" 2>&1 ||
      die "$name failed, see out/fuzz/$name.keep.log"
    # Seeds that were written by hand keep their names.
    mkdir -p "fuzz/corpus/$name"
    find "fuzz/corpus/$name" -type f -name '[0-9a-f]*' -regextype posix-extended -regex '.*/[0-9a-f]{40}' -delete
    cp -n "$kept"/* "fuzz/corpus/$name/"
    rm -rf "$kept"
    say "  $name: $(find "fuzz/corpus/$name" -type f | wc -l) inputs, $(du -sb "fuzz/corpus/$name" | cut -f 1) bytes"
  done
}

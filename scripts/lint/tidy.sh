# shellcheck shell=bash
# clang-tidy is slow, so a pass is remembered: a file KEY exists in the user's cache folder when a source passed,
# where KEY is a hash over the source, every header of the tree it includes (ninja knows them from the build), and the
# checks themselves.
TIDY_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/cuttle/lint

# Every compiled source but the tests', one a line, followed by the files of the tree it depends on. With ccache the
# compiler names them from the build's folder.
sources_with_dependencies() {
  ninja -C build/release -t deps | awk -v root="$CUTTLE_ROOT/" '
    /^[^ ]/ { if (line != "") print line; line = "" }
    /^ / { sub(/^\.\.\/\.\.\//, root, $1)
           if (index($1, root) == 1 && index($1, root "build/") == 0) line = line (line == "" ? "" : " ") $1 }
    END { if (line != "") print line }' | grep -E '^[^ ]+\.cc( |$)' | grep -v "^$CUTTLE_ROOT/tests/" | sort -u
}

# Names of the files that the last commit or the work since has changed.
changed_files() {
  git diff --name-only HEAD~1 2>/dev/null || git diff --name-only HEAD 2>/dev/null || true
  git ls-files --others --exclude-standard 2>/dev/null || true
}

# Of those lines, the ones to look at for a change: each changed source, and for each changed header one source that
# includes it. All that include it would be all of the tree when it is one of base's.
only_changed() {
  awk -v root="$CUTTLE_ROOT/" '
    FILENAME != "-" { changed[root $1] = 1; next }
    {
      wanted = $1 in changed
      for (i = 2; i <= NF; i++) if ($i in changed && !($i in covered)) wanted = 1
      if (!wanted) next
      for (i = 2; i <= NF; i++) covered[$i] = 1
      print
    }' <(changed_files) -
}

tidy_keys() {
  local rules source files key
  rules=$(clang-tidy --version | cat - .clang-tidy scripts/lint/tidy.sh | sha256sum)
  while read -r source files; do
    # shellcheck disable=SC2086  # a word a file is meant
    key=$({ echo "$rules"; cat "$source" $files; } | sha256sum)
    echo "${key%% *} $source"
  done
}

tidy_source() {
  local key=$1 source=$2 status=0
  clang-tidy --quiet -p build/release "$source" && touch "$TIDY_CACHE/$key" || status=1
  echo "$source" >>"$TIDY_DONE"
  return "$status"
}
export -f tidy_source
TIDY_DONE=$OUT/lint-tidy.done
export TIDY_CACHE TIDY_DONE

# How far it is, each tenth of the way.
show_tidy_progress() {
  local all=$1 tenth=0
  while sleep 1; do
    while (($(wc -l <"$TIDY_DONE") * 10 >= (tenth + 1) * all)); do
      tenth=$((tenth + 1))
      printf '%d%% ' $((tenth * 10)) >&3
    done
  done
}

# Nearly all: Seastar's are compiled elsewhere. Fewer, and the build's dependencies are not read as they are written.
sees_all_sources() {
  local seen all
  seen=$(sources_with_dependencies | wc -l)
  all=$(git ls-files 'src/*.cc' ':!src/seastar' | wc -l)
  ((seen * 10 >= all * 9)) || {
    echo "sees only $seen of $all sources"
    return 1
  }
}

lint_tidy() {
  local todo=$OUT/lint-tidy.todo all progress_pid status=0
  sees_all_sources || return 1
  mkdir -p "$TIDY_CACHE"
  find "$TIDY_CACHE" -type f -mtime +30 -delete
  sources_with_dependencies | "$TIDY_SELECTION" | tidy_keys | while read -r key source; do
    [[ -e $TIDY_CACHE/$key ]] || echo "$key $source"
  done >"$todo"
  all=$(wc -l <"$todo")
  ((all > 0)) || return 0
  printf '\n    %d sources: ' "$all" >&3
  : >"$TIDY_DONE"
  show_tidy_progress "$all" &
  progress_pid=$!
  # shellcheck disable=SC2016  # expands in the inner bash
  xargs -r -a "$todo" -L 1 -P "$(nproc)" bash -c 'tidy_source "$0" "$1"' || status=$?
  kill "$progress_pid"
  wait "$progress_pid" 2>/dev/null || true
  return "$status"
}

# shellcheck shell=bash
# The walks of docs/architecture.md against the sources.

# "WALK DEPTH FUNCTION FILE" for every line of a walk; WALK is a number, FILE is "-" where the page names none.
lines_of_walks() {
  awk '
    /^## / { inside = ($0 == "## The walks") }
    /^```/ { code = !code && inside; walk += code; next }
    code && NF {
      match($0, /^ */)
      print walk, RLENGTH, $1, ($2 ~ /^src\// ? $2 : "-")
    }' docs/architecture.md
}

# calls FILE FUNCTION: its last name, in the file or in the header or source beside it.
calls() { grep -qsE "(^|[^A-Za-z0-9_])${2##*::} *\(" "${1%.*}.cc" "${1%.*}.hh"; }

# Each function is where the page says, and called where the line above it stands; no walk is longer than 14 calls, or than
# 8 files.
lint_walks() {
  local walk depth function file class status=0 last=0 lines=0
  local -A file_of=() caller=() files=()
  while read -r walk depth function file; do
    if ((walk != last)); then
      file_of=() caller=() files=() lines=0 last=$walk
    fi
    class=${function%%::*}
    [[ $file != - ]] || file=${file_of[$class]:-${file_of[$function]:-${caller[$((depth - 2))]:-}}}
    file_of[$class]=$file
    [[ -n $file ]] || { echo "$function: the page names no file for it" && status=1 && continue; }
    files[$file]=1
    if [[ ! -f $file ]]; then
      echo "$function: no file '$file'" && status=1
    else
      calls "$file" "$function" || { echo "$function is not in $file" && status=1; }
    fi
    if [[ -n ${caller[$((depth - 2))]:-} ]] && ! calls "${caller[$((depth - 2))]}" "$function"; then
      echo "$function is not called in ${caller[$((depth - 2))]}" && status=1
    fi
    caller[$depth]=$file
    lines=$((lines + 1))
    ((lines <= 15 && ${#files[@]} <= 8)) || { echo "walk $walk is too long at $function" && status=1; }
  done < <(lines_of_walks)
  ((last > 0)) || { echo "docs/architecture.md has no walks" && status=1; }
  return "$status"
}

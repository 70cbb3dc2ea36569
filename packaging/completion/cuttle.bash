# bash completion for cuttle. Words and options come from the program's own --help, so they are never out of date.
_cuttle() {
  local current=$2 previous=$3 word
  COMPREPLY=()
  case $previous in
    --config | --capture | --prometheus | --html | --conf | --socket | FILE)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    --folder | --keep)
      mapfile -t COMPREPLY < <(compgen -d -- "$current")
      return
      ;;
  esac
  if ((COMP_CWORD == 1)); then
    word=$(cuttle --help 2>/dev/null | awk '/^Subcommands:/ { on = 1; next } /^[^ ]/ { on = 0 } on && $1 ~ /^[a-z]/ { print $1 }')
    mapfile -t COMPREPLY < <(compgen -W "$word --help --version" -- "$current")
  elif [[ $current == -* ]]; then
    word=$(cuttle "${COMP_WORDS[1]}" --help 2>/dev/null | grep -oE -- '(^|[ ,])--?[a-z][a-z-]*' | tr -d ' ,' | sort -u)
    mapfile -t COMPREPLY < <(compgen -W "$word" -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  fi
}
complete -o filenames -F _cuttle cuttle

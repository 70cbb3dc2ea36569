# bash completion for cuttle. Words and options come from the program's own --help, so they are never out of date.
_cuttle() {
  local current=$2 previous=$3 word
  local -a command=("${COMP_WORDS[1]}")
  # A tool with words of its own.
  [[ ${COMP_WORDS[1]} != mesh ]] || ((COMP_CWORD < 3)) || command+=("${COMP_WORDS[2]}")
  COMPREPLY=()
  case $previous in
    --config | --capture | --prometheus | --html | --conf | --socket | --keyring | --key | FILE)
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
  elif ((COMP_CWORD == 2)) && [[ ${COMP_WORDS[1]} == mesh && $current != -* ]]; then
    word=$(cuttle mesh --help 2>/dev/null | awk '/^Subcommands:/ { on = 1; next } /^[^ ]/ { on = 0 } on && $1 ~ /^[a-z]/ { print $1 }')
    mapfile -t COMPREPLY < <(compgen -W "$word" -- "$current")
  elif [[ $current == -* ]]; then
    word=$(cuttle "${command[@]}" --help 2>/dev/null | grep -oE -- '(^|[ ,])--?[a-z][a-z-]*' | tr -d ' ,' | sort -u)
    mapfile -t COMPREPLY < <(compgen -W "$word" -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  fi
}
complete -o filenames -F _cuttle cuttle

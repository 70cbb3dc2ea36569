# shellcheck shell=bash
lint_format() {
  local files
  mapfile -t files < <(find src lab sim tests bench fuzz \( -name '*.cc' -o -name '*.hh' \) | sort)
  clang-format --dry-run -Werror "${files[@]}"
}

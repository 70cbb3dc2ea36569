# shellcheck shell=bash
lint_shell() {
  local files
  mapfile -t files < <(find . \( -path ./build -o -path ./out -o -path ./.git \) -prune -o -type f \
    \( -name '*.sh' -o -path ./run -o -path ./.ci/run -o -path ./lab/lab \) -print | sort)
  printf '%s\0' "${files[@]}" | xargs -0 -n 12 -P "$(nproc)" shellcheck --external-sources
}

# shellcheck shell=bash
# src/layers.txt, and the table of folders in docs/architecture.md, against the sources' includes.

# sources_of TREE: their names below it.
sources_of() { find "$1" -type f \( -name '*.cc' -o -name '*.hh' \) -printf '%P\n'; }

# includes_in FOLDER: the folders of the headers that its own sources include, those of its sub-folders left out.
includes_in() {
  find "$1" -maxdepth 1 -type f \( -name '*.cc' -o -name '*.hh' \) -exec \
    sed -nE 's|^ *# *include "(.+)/[^/"]+".*|\1|p' {} + | sort -u
}

# "FOLDER INCLUDED" for every include of another folder that stands in a source of FOLDER.
includes_of_sources() {
  local folder included
  sources_of src | sed 's|/[^/]*$||' | sort -u | while read -r folder; do
    includes_in "src/$folder" | while read -r included; do
      [[ $included == "$folder" ]] || echo "$folder $included"
    done
  done
}

lint_file_of_layers() {
  local line folder included status=0
  local -A above=() allowed=()
  while IFS= read -r line; do
    [[ -n $line && $line != '#'* ]] || continue
    folder=${line%%:*}
    for included in ${line#*:}; do
      [[ -n ${above[$included]:-} ]] || { echo "src/layers.txt: '$included' does not stand above '$folder'" && status=1; }
      allowed["$folder $included"]=unused
    done
    above[$folder]=1
  done <src/layers.txt
  while read -r folder included; do
    if [[ -n ${allowed["$folder $included"]:-} ]]; then
      allowed["$folder $included"]=used
    else
      echo "src/$folder includes $included, which src/layers.txt does not allow:"
      grep -n "#include \"$included/" "src/$folder"/*.{cc,hh} 2>/dev/null || true
      status=1
    fi
  done < <(includes_of_sources)
  for line in "${!allowed[@]}"; do
    [[ ${allowed[$line]} == used ]] || { echo "src/layers.txt: ${line/ / includes }: nothing there does" && status=1; }
  done
  return "$status"
}

# "FOLDER: INCLUDED, INCLUDED" of each folder of src, and of sim, with all below it.
folders_of_sources() {
  local folder tree
  for folder in src/*/ sim/; do
    tree=${folder%/}
    printf '%s: %s\n' "${tree#src/}" "$(find "$tree" -type d | while read -r below; do includes_in "$below"; done |
      sed 's|/.*||' | sort -u | grep -vx "${tree#src/}" | paste -sd, | sed 's/,/, /g')"
  done | sort
}
# The same, as the page has it.
folders_on_page() {
  # shellcheck disable=SC2016  # backquotes of Markdown
  sed -nE 's/^\| `([a-z]+)` \|[^|]*\| ?([a-z, ]*)\|$/\1: \2/p' docs/architecture.md | sed 's/ *$//; s/:$/: /' | sort
}
lint_page_of_layers() {
  diff --unchanged-line-format= --old-line-format='docs/architecture.md says        %L' \
    --new-line-format='the sources include              %L' <(folders_on_page) <(folders_of_sources)
}

lint_layers() {
  local status=0
  lint_file_of_layers || status=1
  lint_page_of_layers || status=1
  return "$status"
}

# shellcheck shell=bash
# src/layers.txt against the sources' includes.

# "FOLDER INCLUDED" for every include of another folder of src that stands in a source of FOLDER.
includes_of_sources() {
  local folder
  find src -type f \( -name '*.cc' -o -name '*.hh' \) -printf '%P\n' | sed 's|/[^/]*$||' | sort -u | while read -r folder; do
    find "src/$folder" -maxdepth 1 -type f \( -name '*.cc' -o -name '*.hh' \) -exec \
      sed -nE 's|^ *# *include "(.+)/[^/"]+".*|\1|p' {} + | sort -u | while read -r included; do
      [[ $included == "$folder" ]] || echo "$folder $included"
    done
  done
}

lint_layers() {
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

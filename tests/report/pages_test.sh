#!/bin/bash
# The report pages in a real browser: on a phone and on a desk, light, dark and printed. Nothing is fetched, no script
# complains, the plots are drawn, and nothing is wider than the screen.
set -euo pipefail
: "${CUTTLE:?the program to test}"
CUTTLE_ROOT=${CUTTLE_ROOT:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
command -v chromium >/dev/null || {
  echo "SKIPPED: chromium is not installed" >&2
  exit 77
}
WORK=$(mktemp -d /tmp/cuttle-pages-XXXXXX)
trap 'rm -rf "$WORK"' EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

browse() { # OPTIONS...
  HOME=$WORK timeout 90 chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars \
    --no-first-run --user-data-dir="$WORK/profile" "$@"
}

# What the page is once it is laid out, in a title: the only way out of a browser without a driver. In a frame, because a
# browser without a screen has windows of 500 pixels at least.
measure() { # FILE WIDTH OPTIONS...
  local file=$1 width=$2
  shift 2
  {
    printf '<!DOCTYPE html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>none</title>'
    printf '<iframe style="border:0;width:%spx;height:900px" srcdoc="' "$width"
    sed 's#</body>#<script>addEventListener("load", () => {\
      const plots = [...document.querySelectorAll("svg")];\
      const drawn = plots.filter(s => s.getBoundingClientRect().height > 40 \&\& s.querySelectorAll("path,rect,circle,polyline,line").length > 3);\
      const style = getComputedStyle(document.body);\
      parent.document.title = JSON.stringify({width: document.documentElement.scrollWidth, screen: innerWidth, plots: plots.length,\
        drawn: drawn.length, page: style.backgroundColor, text: style.color, scripts: document.scripts.length,\
        fetched: performance.getEntriesByType("resource").length});\
    });</script></body>#' "$file" | sed -e 's/&/\&amp;/g' -e 's/"/\&quot;/g'
    printf '"></iframe>'
  } >"$WORK/measured.html"
  browse --enable-logging=stderr --window-size=1400,1000 --dump-dom "$@" "file://$WORK/measured.html" \
    2>"$WORK/browser.log" | sed -n '/<title>/{s#.*<title>\([^<]*\)</title>.*#\1#p;q}' | sed 's/&quot;/"/g'
  ! grep -E 'CONSOLE.*(error|Error|Refused|Failed)' "$WORK/browser.log" || fail "$file: the page complains"
}

expect() { # WHAT MEASURED CONDITION
  jq --exit-status "$3" <<<"$2" >/dev/null || fail "$1: $2"
}

look_at() { # FILE PLOTS_AT_LEAST
  local name size
  name=$(basename "$1" .html)
  ! grep -Eiq '(src|href)="?(https?:)?//|@import|url\(' "$1" || fail "$name: it refers to something outside"
  for size in 390 1280; do
    local got
    got=$(measure "$1" "$size")
    expect "$name: plots at $size" "$got" ".plots >= $2 and .drawn == .plots"
    expect "$name: wider than the screen at $size" "$got" '.width <= .screen'
    expect "$name: scripts or things fetched" "$got" '.scripts == 1 and .fetched == 0'
    expect "$name: light by itself" "$got" '.page == "rgb(255, 255, 255)"'
  done
  expect "$name: dark where wished" "$(measure "$1" 1280 --blink-settings=preferredColorScheme=0)" \
    '(.page | capture("rgb\\((?<r>[0-9]+)").r | tonumber) < 60 and (.text | capture("rgb\\((?<r>[0-9]+)").r | tonumber) > 180'
  browse --no-pdf-header-footer --print-to-pdf="$WORK/$name.pdf" "file://$(readlink -f "$1")" 2>/dev/null
  [[ $(head -c 5 "$WORK/$name.pdf") == %PDF- && $(stat -c %s "$WORK/$name.pdf") -gt 5000 ]] || fail "$name: not printed"
  echo "$name: good on a phone, on a desk, in the dark and on paper"
}

"$CUTTLE" plan --peak "400 Mb/s" --mean "30 Mb/s" --html "$WORK/plan.html" >/dev/null
look_at "$WORK/plan.html" 2
"$CUTTLE" trace show "$CUTTLE_ROOT/tests/trace/recorded/put-16" --html "$WORK/trace.html" >/dev/null
look_at "$WORK/trace.html" 1
# Those that ./run demo and ./run audit left, when they did.
for page in "$CUTTLE_ROOT"/out/{demo,audit}/report.html; do
  [[ ! -e $page ]] || look_at "$page" 1
done

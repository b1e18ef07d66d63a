#!/bin/sh
# Makes explorer/page/vendor/ again from the versions that package-lock.json pins. Needs node and npm; nobody
# who installs or uses echodex does.
set -eu
cd "$(dirname "$0")"
out=../../explorer/page/vendor
npm ci --ignore-scripts --no-audit --no-fund
node node_modules/esbuild/install.js
# regl without its checks: each waits for the graphics process, and they take half of the time until the first picture
npx esbuild entry.js --bundle --format=esm --minify --legal-comments=none --alias:regl=regl/dist/regl.unchecked.js \
  --outfile="$out/regl-scatterplot.js"
{
  echo "regl-scatterplot.js holds these packages, each under the licence below."
  for folder in regl-scatterplot regl regl-line dom-2d-camera camera-2d-simple gl-matrix earcut pub-sub-es @flekschas/utils; do
    echo
    echo "== $folder $(node -p "require('./node_modules/$folder/package.json').version")"
    echo
    cat node_modules/$folder/LICENSE*
  done
  echo
  echo "== kdbush 4.0.2 (within regl-scatterplot), by Vladimir Agafonkin, ISC License"
  echo
  cat licenses/kdbush.txt
  echo
  echo "== simplify-js (within regl-line and regl-scatterplot), by Vladimir Agafonkin, BSD 2-Clause License"
  echo
  cat licenses/simplify-js.txt
} > "$out/LICENSES.txt"
rm -rf node_modules

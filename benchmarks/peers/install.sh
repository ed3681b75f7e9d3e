#!/bin/sh
# One virtual environment a peer, with the versions that were measured:
#     benchmarks/peers/install.sh FOLDER [autogluon flaml h2o mljar]
# H2O needs a Java runtime. torch is pinned for AutoGluon: an unpinned one may bring gigabytes for GPUs.
set -eu
folder=${1:?usage: install.sh FOLDER [NAME...]}
shift
[ $# -gt 0 ] || set -- autogluon flaml h2o mljar
here=$(cd "$(dirname "$0")" && pwd)
for name in "$@"; do
    test -f "$here/$name.txt" || { echo "there is no peer $name; see $here/*.txt" >&2; exit 1; }
    "${PYTHON:-python3}" -m venv "$folder/$name"
    "$folder/$name/bin/pip" install --quiet --requirement "$here/$name.txt"
    echo "$name: $(du -sm "$folder/$name" | cut -f1) MB in $folder/$name"
done

#!/bin/sh
# Makes checkpoints/tas-stories from nothing: all kinds of question first, then the core ones. Run from the repository
# root. A killed run continues when the command is given again. With the argument `last` or `control` it trains that
# variant in the same way, for the numbers of the model card, and writes no checkpoint.
set -e
variant="${1:-tas}"
run="${PYTHON:-python3} -m training.tas.train --seed ${SEED:-1} --variant $variant"
$run --name "$variant-broad-${SEED:-1}" --questions end,change,both,compare,enough --steps 2200 --stop-at 1750
[ "$variant" = tas ] && set -- --out checkpoints/tas-stories || set --
$run --name "tas-$variant-${SEED:-1}" --start "$variant-broad-${SEED:-1}" --steps 1200 --learning-rate 2e-3 "$@"

#!/bin/sh
# Makes checkpoints/icot-si-{full,half,none} and the numbers of their cards from nothing. Run from the repository root; a
# killed run continues when the command is given again. With a name as argument it makes only that one: full (first, the
# others need it), half, none, no-cot.
set -e
seed="${SEED:-1}"
[ "$seed" = 1 ] && to() { echo "--out checkpoints/icot-si-$1"; } || to() { :; }
run="${PYTHON:-python3} -m training.icot_si.train --seed $seed"
case "${1:-all}" in full|all)
    $run --name "icot-si-full-$seed" --remove all --anneal-steps 2500 $(to full);; esac
case "${1:-all}" in half|all)
    $run --name "icot-si-half-$seed" --remove 5 --start "icot-si-full-$seed" --anneal-steps 400 $(to half);; esac
case "${1:-all}" in none|all)
    $run --name "icot-si-none-$seed" --remove 0 --start "icot-si-full-$seed" --anneal-steps 400 $(to none);; esac
case "${1:-all}" in no-cot|all)
    $run --name "icot-si-no-cot-$seed" --variant no-cot --anneal-steps "${STEPS:-8968}";; esac

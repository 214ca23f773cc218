#!/bin/sh
# Makes checkpoints/icot-kd and the numbers of its card from nothing: the teacher, the pair, the control. Run from the
# repository root; a killed run continues when the command is given again.
set -e
seed="${SEED:-1}" python="${PYTHON:-python3}" teacher="training/runs/icot-kd-teacher-${SEED:-1}/checkpoint"
[ "$seed" = 1 ] && out="--out checkpoints/icot-kd" || out=""
steps="--student-steps ${STEPS:-1000} --emulator-steps ${STEPS:-1000} --joint-steps ${STEPS:-1000}"
$python -m training.icot_si.train --name "icot-kd-teacher-$seed" --seed "$seed" --remove 0 --width 64 --anneal-steps 800 --out "$teacher"
$python -m training.icot_kd.train --name "icot-kd-$seed" --seed "$seed" --teacher "$teacher" $steps $out
$python -m training.icot_kd.train --name "icot-kd-no-cot-$seed" --seed "$seed" --teacher "$teacher" --variant no-cot $steps

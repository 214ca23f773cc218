#!/bin/sh
# Makes checkpoints/icot-kd and the numbers of its card from nothing: the teacher, the pair, the control. Run from the
# repository root; a killed run continues when the command is given again.
set -e
seed="${SEED:-1}" python="${PYTHON:-python3}" teacher="training/runs/icot-kd-teacher-${SEED:-1}/checkpoint"
[ "$seed" = 1 ] && out="--out checkpoints/icot-kd" || out=""
task="--digits 2x2 --seed $seed"
steps="--student-steps ${STEPS:-800} --emulator-steps ${STEPS:-800} --joint-steps ${STEPS:-800}"
$python -m training.icot_si.train --name "icot-kd-teacher-$seed" $task --remove 0 --width 64 --anneal-steps 400 --out "$teacher"
$python -m training.icot_kd.train --name "icot-kd-$seed" $task --teacher "$teacher" $steps $out
$python -m training.icot_kd.train --name "icot-kd-no-cot-$seed" $task --teacher "$teacher" --variant no-cot $steps

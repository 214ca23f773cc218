#!/bin/sh
# Makes checkpoints/tas-stories from nothing: all kinds of question first, then the core ones. Run from the repository
# root. A killed run continues when the command is given again.
set -e
run="${PYTHON:-python3} -m training.tas.train --seed 1"
$run --name tas-broad-1 --questions end,change,both,compare,enough --steps 2200 --stop-at 1750
$run --name tas-tas-1 --start tas-broad-1 --steps 1200 --learning-rate 2e-3 --out checkpoints/tas-stories

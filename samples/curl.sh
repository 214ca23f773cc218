#!/bin/sh
# Thoughts and answer as they come, in events of OpenAI's format.
set -eu
exec curl --silent --show-error --fail-with-body --no-buffer "${INFERENCE_SERVER:-http://localhost:8080}/v1/chat/completions" \
  --header 'Content-Type: application/json' \
  --header "Authorization: Bearer ${INFERENCE_KEY:-none}" \
  --data '{
    "model": "'"${INFERENCE_MODEL:-tas-stories}"'",
    "messages": [{"role": "user", "content": "Lucy starts with 24 shells. She finds 18 more. She gives 10 of them away. How many shells does Lucy have in the end?"}],
    "stream": true,
    "stream_options": {"include_usage": true}
  }'

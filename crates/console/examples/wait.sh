curl -s {{base_url}}/api/v1/images/generations \
  -H "Authorization: Bearer $GIH_KEY" -H 'Content-Type: application/json' \
  -H 'Prefer: wait=10' \
  -d '{"model": "gpt-image-2", "prompt": "A lighthouse at dawn"}'

curl -s --retry 5 --retry-all-errors {{base_url}}/api/v1/images/generations \
  -H "Authorization: Bearer $GIH_KEY" -H 'Content-Type: application/json' \
  -H 'Idempotency-Key: order-1042' \
  -d '{"model": "gpt-image-2", "prompt": "A paper boat"}'

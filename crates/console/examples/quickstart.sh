curl -s {{base_url}}/api/v1/images/generations \
  -H "Authorization: Bearer $GIH_KEY" \
  -H 'Content-Type: application/json' \
  -d '{"model": "gpt-image-2", "prompt": "A red fox in the snow"}'

curl -s "{{base_url}}/api/v1/generations?status=succeeded&limit=20" \
  -H "Authorization: Bearer $GIH_KEY"

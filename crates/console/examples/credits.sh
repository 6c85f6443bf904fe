curl -s {{base_url}}/api/v1/credits -H "Authorization: Bearer $GIH_KEY"

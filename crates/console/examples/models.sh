curl -s {{base_url}}/api/v1/models

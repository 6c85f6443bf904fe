import requests

for model in requests.get("{{base_url}}/api/v1/models").json()["data"]:
    print(model["id"], model["credits_per_image"])

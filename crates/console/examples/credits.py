import os, requests

answer = requests.get(
    "{{base_url}}/api/v1/credits",
    headers={"Authorization": "Bearer " + os.environ["GIH_KEY"]},
)
answer.raise_for_status()
print(answer.json()["credits"])

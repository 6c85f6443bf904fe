import os, requests

answer = requests.post(
    "{{base_url}}/api/v1/images/generations",
    headers={"Authorization": "Bearer " + os.environ["GIH_KEY"], "Prefer": "wait=10"},
    json={"model": "gpt-image-2", "prompt": "A lighthouse at dawn"},
)
answer.raise_for_status()
generation = answer.json()
if answer.status_code == 202:
    print("poll", generation["poll_url"])
else:
    print(generation["images"][0]["url"])

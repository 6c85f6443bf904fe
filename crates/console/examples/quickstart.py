import os, requests

answer = requests.post(
    "{{base_url}}/api/v1/images/generations",
    headers={"Authorization": "Bearer " + os.environ["GIH_KEY"]},
    json={"model": "gpt-image-2", "prompt": "A red fox in the snow"},
)
answer.raise_for_status()
print(answer.json()["images"][0]["url"])

import os, time, requests

headers = {"Authorization": "Bearer " + os.environ["GIH_KEY"]}
answer = requests.post(
    "{{base_url}}/api/v1/images/generations",
    headers=headers,
    json={"model": "gpt-image-2", "prompt": "A lighthouse at dusk", "async": True},
)
answer.raise_for_status()
generation = answer.json()
while generation["status"] in ("queued", "running"):
    time.sleep(int(answer.headers["Retry-After"]))
    answer = requests.get(generation["poll_url"], headers=headers)
    generation = answer.json()
print(generation["status"], [image["url"] for image in generation["images"]])

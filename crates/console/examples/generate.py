import os, requests

answer = requests.post(
    "{{base_url}}/api/v1/images/generations",
    headers={"Authorization": "Bearer " + os.environ["GIH_KEY"]},
    json={
        "model": "gpt-image-2",
        "prompt": "A red fox in the snow",
        "size": "1536x1024",
        "quality": "high",
    },
)
answer.raise_for_status()
url = answer.json()["images"][0]["url"]
print(url)
with open("fox.png", "wb") as file:
    file.write(requests.get(url).content)

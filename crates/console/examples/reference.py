import os, requests

with open("fox.png", "rb") as fox:
    answer = requests.post(
        "{{base_url}}/api/v1/images/generations",
        headers={"Authorization": "Bearer " + os.environ["GIH_KEY"]},
        data={
            "model": "gpt-image-2",
            "prompt": "The same fox, at night",
            "aspect_ratio": "16:9",
            "quality": "2K",
        },
        files=[("reference_image", fox)],
    )
answer.raise_for_status()
print(answer.json()["images"][0]["url"])

import os, requests

query = {"status": "succeeded", "limit": 20}
while True:
    answer = requests.get(
        "{{base_url}}/api/v1/generations",
        headers={"Authorization": "Bearer " + os.environ["GIH_KEY"]},
        params=query,
    )
    answer.raise_for_status()
    page = answer.json()
    for generation in page["data"]:
        print(generation["id"], generation["images"][0]["url"])
    if not page["has_more"]:
        break
    query["cursor"] = page["next_cursor"]

import os, time, requests

for attempt in range(5):
    try:
        answer = requests.post(
            "{{base_url}}/api/v1/images/generations",
            headers={
                "Authorization": "Bearer " + os.environ["GIH_KEY"],
                "Idempotency-Key": "order-1042",
            },
            json={"model": "gpt-image-2", "prompt": "A paper boat"},
        )
    except requests.ConnectionError:
        time.sleep(2**attempt)
        continue
    refused = answer.status_code in (429, 503)
    if not refused or answer.headers.get("x-should-retry") == "false":
        break
    time.sleep(int(answer.headers.get("Retry-After", 2)))
else:
    raise SystemExit("the hub cannot be reached")
answer.raise_for_status()
print(answer.json()["images"][0]["url"])

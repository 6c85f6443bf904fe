curl -s {{base_url}}/api/v1/images/generations \
  -H "Authorization: Bearer $GIH_KEY" \
  -F model=gpt-image-2 -F prompt='The same fox, at night' \
  -F aspect_ratio=16:9 -F quality=2K \
  -F reference_image=@fox.png

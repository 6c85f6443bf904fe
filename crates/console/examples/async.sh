POLL_URL=$(curl -s {{base_url}}/api/v1/images/generations \
  -H "Authorization: Bearer $GIH_KEY" -H 'Content-Type: application/json' \
  -d '{"model": "gpt-image-2", "prompt": "A lighthouse at dusk", "async": true}' \
  | grep -o '"poll_url":"[^"]*"' | cut -d'"' -f4)
while sleep 2; do
  ANSWER=$(curl -s "$POLL_URL" -H "Authorization: Bearer $GIH_KEY")
  case $ANSWER in *'"status":"queued"'* | *'"status":"running"'*) ;; *) break ;; esac
done
echo "$ANSWER"

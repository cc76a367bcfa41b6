. var/sample.env   # API, and a token for each role
show() { python3 -m json.tool --no-ensure-ascii; }

# 1. The enterprise registers an issue.
CASE=$(curl -sS "$API/cases" -H "Authorization: Bearer $CLIENT" -H "Idempotency-Key: $KEY-1" \
  -d '{"workflow": "issue", "region": "340104", "subject": "sample-1",
       "data": {"summary": "研发费用辅助账如何设置（示例）", "source": "self"}}' \
  | sed 's/.*"case":"\([0-9]*\)".*/\1/') && echo "case $CASE"

# 2. The liaison of that county accepts it. Its class says how long each stage may last; the clock of this one runs.
curl -sS "$API/cases/$CASE/steps/accept" -H "Authorization: Bearer $LIAISON" -H "Idempotency-Key: $KEY-2" \
  -d '{"data": {"category": "simple"}}' | show

# 3. Where is it, who has it, how long is left, and what may I do?
curl -sS "$API/cases/$CASE" -H "Authorization: Bearer $LIAISON" | show

# 4. The liaison answers and closes it on the spot, with the enterprise's confirmation.
curl -sS "$API/cases/$CASE/steps/close_on_site" -H "Authorization: Bearer $LIAISON" -H "Idempotency-Key: $KEY-4" \
  -d '{"data": {"answer": "按研发项目设置辅助账，已现场演示（示例）", "confirmed": true}}' | show

# 5. The whole history, each event with its hash and the hash before it.
curl -sS "$API/cases/$CASE/history" -H "Authorization: Bearer $CLIENT" | show
